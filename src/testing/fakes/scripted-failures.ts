import type { SourceCode } from '../../model/failure.ts'
import { SourceError } from '../../api/source.ts'

/** Failures that a test has asked for: the next so many calls throw. */
export const createScript = () => {
  let code: SourceCode = 'source.failed'
  let left = 0
  return {
    set: (next: SourceCode, times: number): void => {
      code = next
      left = times
    },
    clear: (): void => {
      left = 0
    },
    /** Throws, where there is a failure left. */
    play: (): void => {
      if (left <= 0) return
      left -= 1
      throw new SourceError(code)
    },
  }
}

/** The reads that hang, and the way to let them go. */
export const createGate = () => {
  let mode: 'open' | 'heeding' | 'deaf' = 'open'
  const waiting = new Set<() => void>()
  return {
    shut: (deaf: boolean): void => {
      mode = deaf ? 'deaf' : 'heeding'
    },
    open: (): void => {
      mode = 'open'
      for (const go of waiting) go()
      waiting.clear()
    },
    pass: async (signal: AbortSignal): Promise<void> => {
      if (mode === 'open') return
      const heeds = mode === 'heeding'
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener('abort', go)
          waiting.delete(go)
          resolve()
        }
        waiting.add(go)
        if (heeds) signal.addEventListener('abort', go, { once: true })
      })
    },
  }
}
