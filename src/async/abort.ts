/**
 * Settles as `work` does, but rejects as soon as `signal` aborts: with the signal's reason, or with what `toError` makes
 * of it. The work itself continues, since a call into a dead network filesystem cannot be stopped.
 */
export const raceAbort = <T>(
  work: Promise<T>,
  signal: AbortSignal,
  toError: (reason: unknown) => unknown = (reason) => reason,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(toError(signal.reason))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })

/** Waits for the call's result, and cancels the call if `signal` aborts first. */
export const cancelOnAbort = async <Result>(
  call: { readonly result: Promise<Result>; readonly cancel: () => void },
  signal: AbortSignal,
): Promise<Result> => {
  const cancel = (): void => call.cancel()
  signal.addEventListener('abort', cancel)
  const result = await call.result
  signal.removeEventListener('abort', cancel)
  return result
}

/** Makes a signal that aborts with the first of several. Unlike `AbortSignal.any`, it leaves no listener after `unlink`. */
export const linkSignals = (...parents: readonly AbortSignal[]): { signal: AbortSignal; unlink: () => void } => {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(parents.find((parent) => parent.aborted)?.reason)
  const unlink = (): void => {
    for (const parent of parents) parent.removeEventListener('abort', onAbort)
  }
  for (const parent of parents) parent.addEventListener('abort', onAbort)
  if (parents.some((parent) => parent.aborted)) onAbort()
  return { signal: controller.signal, unlink }
}
