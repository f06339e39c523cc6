import type { Clock } from '../api/clock.ts'
import { linkSignals } from './abort.ts'

interface Bounds {
  readonly clock: Clock
  readonly limitMs: number
  /** Ends the call as well. */
  readonly parent?: AbortSignal
}

/** Makes a call whose signal aborts after a time, or with its parent. */
export const boundedCall = async <Value>(
  work: (signal: AbortSignal) => Promise<Value>,
  { clock, limitMs, parent }: Bounds,
): Promise<Value> => {
  const time = new AbortController()
  const timer = clock.setTimeout(() => time.abort(), limitMs)
  const { signal, unlink } = linkSignals(time.signal, ...(parent === undefined ? [] : [parent]))
  try {
    return await work(signal)
  } finally {
    clock.clearTimeout(timer)
    unlink()
  }
}
