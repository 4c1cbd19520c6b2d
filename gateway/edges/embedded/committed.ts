/**
 * Resolves when lmdb has committed a write (it is seen and survives the process, not yet a loss of power). lmdb hands the reason of a
 * failed commit (disk full) over as a promise of its own that rejects: what is thrown here is that reason.
 */
export async function committed(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (cause) {
    const reason = (cause as { commitError?: Promise<never> } | undefined)?.commitError;
    throw reason ? await reason.catch((error: unknown) => error) : cause;
  }
}
