import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { gatewayScenarios } from './scenarios';

jest.setTimeout(60_000);

const folder = gatewayFolder();
let running: GatewayProcess;

gatewayScenarios(
  'the embedded default',
  async () => {
    running = await startGatewayProcess(folder, { AGENCY_CUSTOMS_MODE: 'desk' });
    return { url: running.url, adminUrls: [running.adminUrl], tokens: folder.tokens() };
  },
  async () => {
    await running.stop();
    folder.remove();
  },
);
