import { SourceError } from '../api/source.ts'

/**
 * Waits for `work` until `signal` aborts, then rejects with `source.timeout`. The work itself goes on: a call into a
 * dead network filesystem cannot be taken back.
 */
export const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(new SourceError('source.timeout', signal.reason))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
