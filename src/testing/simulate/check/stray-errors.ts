import { systemClock } from '../../../api/clock.ts'

/** How an error went astray: a rejection that nobody handles, or an exception out of a callback that nobody called. */
export type Stray = 'rejection' | 'exception'

// The real one, before anybody replaces it.
const afterThisTurn = globalThis.setImmediate

/** Ends this turn of the event loop: Node tells of unhandled rejections only then, and a simulation is one long turn. */
const endTurn = (): Promise<void> =>
  new Promise((resolve) => {
    afterThisTurn(resolve)
  })

/** Longer than what is thrown from a timer of no delay needs, which is how some libraries report. */
const TIMER_MS = 2

const armedTimers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

/** Lets errors come out that have gone astray before: they are not the simulation's. */
export const strayErrorsOut = endTurn

/**
 * Hears of every error that goes astray, in place of all others who listen: test runners among them, which would call it
 * their own, and Node, which would end the process. One at a time.
 *
 * @returns the function that waits until what is still on its way has come out, and puts everything back
 */
export const hearStrayErrors = (hear: (error: unknown, stray: Stray) => void): (() => Promise<void>) => {
  const onRejection = (error: unknown): void => hear(error, 'rejection')
  const onException = (error: unknown): void => hear(error, 'exception')
  const timers = armedTimers()
  const others = process.rawListeners('unhandledRejection') as NodeJS.UnhandledRejectionListener[]
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', onRejection)
  // Only one may have it; a listener beside it hears as much, but others hear it too.
  const captures = !process.hasUncaughtExceptionCaptureCallback()
  if (captures) process.setUncaughtExceptionCaptureCallback(onException)
  else process.on('uncaughtException', onException)
  return async () => {
    await endTurn()
    if (armedTimers() > timers) await new Promise<void>((resolve) => systemClock.setTimeout(resolve, TIMER_MS))
    process.off('unhandledRejection', onRejection)
    for (const other of others) process.on('unhandledRejection', other)
    if (captures) process.setUncaughtExceptionCaptureCallback(null)
    else process.off('uncaughtException', onException)
  }
}

/** An error as a violation shows it. What a simulation throws may hold the test's own values. */
export const errorText = (error: unknown): string => {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'something that has no text'
  }
}
