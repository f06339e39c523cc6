import type { Clock } from '../../api/clock.ts'

interface Limits {
  readonly clock: Clock
  readonly limitMs: number
  readonly parent: AbortSignal
}

/** Makes a call whose signal aborts after a time, or with its parent. */
export const boundedCall = async <Value>(
  work: (signal: AbortSignal) => Promise<Value>,
  { clock, limitMs, parent }: Limits,
): Promise<Value> => {
  const ended = new AbortController()
  const end = (): void => ended.abort()
  const timer = clock.setTimeout(end, limitMs)
  parent.addEventListener('abort', end)
  try {
    return await work(ended.signal)
  } finally {
    clock.clearTimeout(timer)
    parent.removeEventListener('abort', end)
  }
}
