import { setMaxListeners } from 'node:events'

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

/**
 * Makes a signal of another one, for many calls at a time: it adds one listener to the other, and Node does not warn of their
 * number. It is made when it is first read.
 */
export class FannedSignal {
  readonly #parent: { readonly signal: AbortSignal }
  #linked: ReturnType<typeof linkSignals> | undefined

  constructor(parent: { readonly signal: AbortSignal }) {
    this.#parent = parent
  }

  get signal(): AbortSignal {
    if (this.#linked === undefined) {
      this.#linked = linkSignals(this.#parent.signal)
      setMaxListeners(0, this.#linked.signal)
    }
    return this.#linked.signal
  }

  unlink(): void {
    this.#linked?.unlink()
  }
}
