import { AsyncLocalStorage } from 'node:async_hooks'

/** Runs a function, and all that it starts, in one async context. */
export type RunInContext = <T>(task: () => T) => T

/**
 * Remembers the async context of this call. What runs in it sees the `AsyncLocalStorage` values of now, and not those of
 * its caller: a pool or a timer that outlives the request which asked for it must not keep that request's values.
 */
export const captureAsyncContext = (): RunInContext => AsyncLocalStorage.snapshot()
