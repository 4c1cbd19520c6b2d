export function compare(): Promise<void> {
  return Promise.resolve();
}
