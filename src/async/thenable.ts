/** True for a promise, or anything with a `then` that an `await` would call. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function'

/** Reports the rejection of a promise that user code returned, and that nothing awaits. */
export const reportRejection = (value: unknown, report: (error: unknown) => void): void => {
  if (isThenable(value)) Promise.resolve(value).catch(report)
}

/** Keeps the rejection of a promise that user code returned, and that nothing awaits, from ending the process. */
export const ignoreRejection = (value: unknown): void => {
  new Promise((resolve) => resolve(value)).catch(() => {})
}

/** Goes on with a result of our own: at once unless it is a promise, since a promise costs a turn (bench: reload). */
export const andThen = <T, Result>(
  result: T | Promise<T>,
  next: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> => (result instanceof Promise ? result.then(next) : next(result))
