import type { ClientUnaryCall } from '@grpc/grpc-js'
import type { Clock } from '../../api/clock.ts'
import { SourceError } from '../../api/source.ts'
import type { Answered } from './connection-pool.ts'
import { toSourceError } from './errors.ts'

/** What bounds a wait. */
export interface Limits {
  readonly clock: Clock
  readonly ms: number
  readonly signal: AbortSignal
}

/**
 * One call. It settles at the answer, at its deadline or when its signal aborts, whichever is first, and cancels what
 * is then still under way. The deadline is ours, not gRPC's, so that it runs on the injected clock.
 */
export const call = <Answer>(
  start: (answered: Answered<Answer>) => ClientUnaryCall,
  { clock, ms, signal }: Limits,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new SourceError('source.closed'))
    let running: ClientUnaryCall | undefined
    const settle = (): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const giveUp = (error: SourceError): void => {
      settle()
      reject(error)
      running?.cancel()
    }
    const onAbort = (): void => giveUp(new SourceError('source.closed'))
    const timer = clock.setTimeout(() => giveUp(new SourceError('source.timeout')), ms)
    signal.addEventListener('abort', onAbort)
    try {
      running = start((error, answer) => {
        settle()
        if (answer === undefined) reject(toSourceError(error))
        else resolve(answer)
      })
    } catch (error) {
      giveUp(toSourceError(error)) // the channel was closed a moment ago
    }
  })

/** Waits for what others wait for too: gives up its own wait when `signal` aborts, and leaves the work alone. */
export const sharing = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new SourceError('source.closed'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })

/** A signal that aborts with the first of several. Unlike `AbortSignal.any` it leaves nothing on them once unlinked. */
export const linkSignals = (...parents: readonly AbortSignal[]): { signal: AbortSignal; unlink: () => void } => {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort()
  const unlink = (): void => {
    for (const parent of parents) parent.removeEventListener('abort', onAbort)
  }
  for (const parent of parents) parent.addEventListener('abort', onAbort)
  if (parents.some((parent) => parent.aborted)) onAbort()
  return { signal: controller.signal, unlink }
}
