import { readEpc } from '../../../../gateway/wire/epc/read-epc';
import { readStrictXml } from '../../../../gateway/wire/epc/strict-xml';
import { writeEpcReceipt } from '../../../../gateway/wire/epc/write-epc';
import type { Benches } from '../harness';
import { bytesOf, recordOf, receivedAt } from '../materials';

export const benches: Benches = async () => {
  const [small, typical, large] = [bytesOf('small', 'xml'), bytesOf('typical', 'xml'), bytesOf('large', 'xml')];
  const { receipt } = await recordOf();
  const context = { dialect: 'epc-2021', sentTime: receivedAt, portSecurityLevel: 'SL1' } as const;
  return [
    { name: 'wire/epc: read, small', run: () => readEpc(small) },
    { name: 'wire/epc: read, typical', run: () => readEpc(typical) },
    { name: 'wire/epc: of that the strict tree', run: () => readStrictXml(typical) },
    { name: 'wire/epc: read, 600 kB', run: () => readEpc(large) },
    { name: 'wire/epc: write a receipt', run: () => writeEpcReceipt(receipt, context) },
  ];
};
