import { systemClock } from '../../../api/clock.ts'

// Captured before the simulation replaces it.
const afterThisTurn = globalThis.setImmediate

/**
 * Waits until Node has reported the stray errors so far: they do not belong to the simulation that starts now. Node reports
 * unhandled rejections only at the end of a turn of the event loop, and a simulation is one long turn.
 */
export const flushStrayErrors = (): Promise<void> =>
  new Promise((resolve) => {
    afterThisTurn(resolve)
  })

/** Longer than a timer without a delay takes: some libraries report errors from such a timer. */
const TIMER_MS = 2

const countArmedTimers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

/**
 * Calls `onError` for every rejection that no code handles and every exception that no code catches, instead of all other
 * listeners: a test runner would blame its own test, and Node would end the process. Only one capture may be active at a time.
 * @returns the function that waits for the stray errors still on their way and then restores the other listeners
 */
export const captureStrayErrors = (onError: (error: unknown, what: string) => void): (() => Promise<void>) => {
  const onRejection = (error: unknown): void => onError(error, 'an unhandled rejection')
  const onException = (error: unknown): void => onError(error, 'an uncaught exception')
  const timersBefore = countArmedTimers()
  const others = process.rawListeners('unhandledRejection') as NodeJS.UnhandledRejectionListener[]
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', onRejection)
  // Node allows one capture callback. If it is taken, a listener gets the exceptions too, but so do the other listeners.
  const isCapturing = !process.hasUncaughtExceptionCaptureCallback()
  if (isCapturing) process.setUncaughtExceptionCaptureCallback(onException)
  else process.on('uncaughtException', onException)
  return async () => {
    await flushStrayErrors()
    if (countArmedTimers() > timersBefore) {
      await new Promise<void>((resolve) => systemClock.setTimeout(resolve, TIMER_MS))
    }
    process.off('unhandledRejection', onRejection)
    for (const other of others) process.on('unhandledRejection', other)
    if (isCapturing) process.setUncaughtExceptionCaptureCallback(null)
    else process.off('uncaughtException', onException)
  }
}

/** Formats an error for a violation. The text may contain values: they are the test's own. */
export const errorText = (error: unknown): string => {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'a value that cannot be converted to text'
  }
}
