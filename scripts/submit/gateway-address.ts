import { readFileSync } from 'node:fs';

/** Where a command finds the gateway, and its key: as it was told, else as the development credentials say. The key is never repeated. */
export interface GatewayAddress {
  url: string;
  token: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';

export function gatewayAddress(
  given: { url: string | undefined; token: string | undefined },
  { account, credentialsFile }: { account: string; credentialsFile: string },
  faults: string[],
): GatewayAddress {
  let credentials: { baseUrl?: string; tokens?: Record<string, string> } = {};
  if (given.url === undefined || given.token === undefined) {
    try {
      credentials = JSON.parse(readFileSync(credentialsFile, 'utf8')) as typeof credentials;
    } catch {
      // Only the missing token is a fault, and says so.
    }
  }
  const token = given.token ?? credentials.tokens?.[account];
  if (token === undefined) faults.push(`there is no --token and no ${credentialsFile}: npm start creates it`);
  // Told here, because the client that refuses such a header would quote it.
  else if (!/^[\x21-\x7e]+$/.test(token)) faults.push('the key is empty or has characters that no key has');
  return {
    url: given.url ?? (credentials.baseUrl === '' ? undefined : credentials.baseUrl) ?? DEFAULT_URL,
    token: token ?? '',
  };
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
