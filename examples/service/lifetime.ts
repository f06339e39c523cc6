import { type Failure, isChangeoverError } from 'changeover'

export type Defer = (cleanup: () => Promise<unknown>) => void

/** Runs `body`, then everything that it has deferred, in reverse order. Any error sets the exit code to 1. */
export const runToEnd = async (body: (defer: Defer) => Promise<void>): Promise<void> => {
  const steps: (() => Promise<unknown>)[] = []
  const attempt = async (step: () => Promise<unknown>): Promise<void> => {
    try {
      await step()
    } catch (error) {
      process.exitCode = 1
      console.error(explain(error))
    }
  }
  await attempt(() => body((cleanup) => steps.unshift(cleanup)))
  for (const step of steps) await attempt(step)
}

/** Describes what is wrong, where, and what to do, without a stack or a config value. */
const explain = (error: unknown): string => {
  if (!isChangeoverError(error)) return `✗ ${error instanceof Error ? error.message : String(error)}`
  return error.failures
    .map((failure) => `✗ ${failure.code}: ${failure.message}. ${failure.hint}${causeOf(failure)}`)
    .join('\n')
}

const causeOf = ({ cause }: Failure): string => (cause?.code === undefined ? '' : ` Cause: ${cause.code}.`)

/** Makes a signal that aborts at the first SIGINT or SIGTERM. A second one ends the process at once. */
export const stopSignal = (): AbortSignal => {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  return stop.signal
}

/** Resolves when the signal has aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
