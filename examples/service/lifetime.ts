import { type Failure, isChangeoverError } from 'changeover'

export type Defer = (cleanup: () => Promise<unknown>) => void

/**
 * Runs `body`, then everything that it has deferred, in reverse order. `cleanUp` does the second part at once. Any error
 * sets the exit code to 1.
 */
export const runToEnd = async (body: (defer: Defer, cleanUp: () => Promise<void>) => Promise<void>): Promise<void> => {
  const steps: (() => Promise<unknown>)[] = []
  let cleaning: Promise<void> | undefined
  const attempt = async (step: () => Promise<unknown>): Promise<void> => {
    try {
      await step()
    } catch (error) {
      process.exitCode = 1
      console.error(explain(error))
    }
  }
  const clean = async (): Promise<void> => {
    for (const step of steps) await attempt(step)
  }
  const cleanUp = (): Promise<void> => {
    cleaning ??= clean()
    return cleaning
  }
  await attempt(() => body((cleanup) => steps.unshift(cleanup), cleanUp))
  await cleanUp()
}

/** Describes what is wrong, where, and what to do, without a stack or a config value. */
const explain = (error: unknown): string => {
  if (!isChangeoverError(error)) return `✗ ${error instanceof Error ? error.message : String(error)}`
  return error.failures
    .map((failure) => `✗ ${failure.code}: ${failure.message}. ${failure.hint}${causeOf(failure)}`)
    .join('\n')
}

const causeOf = ({ cause }: Failure): string => (cause?.code === undefined ? '' : ` Cause: ${cause.code}.`)

/** Holds SIGINT and SIGTERM back until the returned function is called: what is half open could not be closed. */
export const holdSignals = (): (() => void) => {
  const names = ['SIGINT', 'SIGTERM'] as const
  let held: NodeJS.Signals | undefined
  const hold = (name: NodeJS.Signals): void => {
    held = name
  }
  for (const name of names) process.on(name, hold)
  return () => {
    for (const name of names) process.off(name, hold)
    if (held !== undefined) process.kill(process.pid, held)
  }
}
