import { SourceError } from '../../api/source.ts'
import type { SourceCode } from '../../model/failure.ts'

/** Makes a list of failures that a test schedules: each of the next calls throws. */
export const createScriptedFailures = () => {
  let code: SourceCode = 'source.failed'
  let remaining = 0
  return {
    schedule: (next: SourceCode, times: number): void => {
      code = next
      remaining = times
    },
    clear: (): void => {
      remaining = 0
    },
    throwIfScheduled: (): void => {
      if (remaining <= 0) return
      remaining -= 1
      throw new SourceError(code)
    },
  }
}

/** Makes a point where calls hang while a test wants them to. */
export const createHangPoint = () => {
  let mode: 'pass' | 'hang-until-abort' | 'hang' = 'pass'
  const waiting = new Set<() => void>()
  return {
    hang: (ignoresSignal: boolean): void => {
      mode = ignoresSignal ? 'hang' : 'hang-until-abort'
    },
    /** Lets the hanging calls and all later ones pass. */
    release: (): void => {
      mode = 'pass'
      for (const resume of waiting) resume()
      waiting.clear()
    },
    pass: async (signal: AbortSignal): Promise<void> => {
      if (mode === 'pass') return
      const endsOnAbort = mode === 'hang-until-abort'
      await new Promise<void>((resolve) => {
        const resume = (): void => {
          signal.removeEventListener('abort', resume)
          waiting.delete(resume)
          resolve()
        }
        waiting.add(resume)
        if (endsOnAbort) signal.addEventListener('abort', resume, { once: true })
      })
    },
  }
}
