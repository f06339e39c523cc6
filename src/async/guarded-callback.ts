import { reportRejection } from './thenable.ts'

export type ReportError = (error: unknown) => void

/**
 * Wraps a callback of the user's that a timer, a tick or an event calls: there, what it throws or rejects with would end
 * the process.
 */
export const guardCallback = <Arguments extends unknown[]>(
  callback: (...args: Arguments) => unknown,
  report: ReportError,
): ((...args: Arguments) => void) =>
  function (this: unknown, ...args): void {
    try {
      reportRejection(Reflect.apply(callback, this, args), report)
    } catch (error) {
      report(error)
    }
  }
