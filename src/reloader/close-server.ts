import type { Clock, TimerHandle } from '../api/clock.ts'
import { isThenable } from '../async/thenable.ts'

/** A server of `node:http`, `node:https` or `node:net`, or an app of a framework with a function `close`. */
export interface ClosableServer {
  readonly close: (callback?: (error?: Error) => void) => unknown
  readonly closeIdleConnections?: () => void
  readonly closeAllConnections?: () => void
  readonly prependListener?: (event: 'request', listener: (request: unknown, response: object) => void) => unknown
}

/** How often connections that have become idle are closed, in milliseconds. */
const IDLE_MS = 100

/**
 * Stops accepting connections and waits until the requests under way are answered; cuts those that are left after
 * `limitMs`. Never rejects.
 */
export const closeServer = (server: ClosableServer, limitMs: number, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    let timer: TimerHandle
    const finish = (): void => {
      clock.clearTimeout(timer)
      clock.clearTimeout(cut)
      resolve()
    }
    const cut = clock.setTimeout(() => {
      callSafely(() => server.closeAllConnections?.())
      finish() // a server of node:net cannot cut its connections
    }, limitMs)
    // A kept-alive connection that was busy at the close stays open otherwise, and brings more requests.
    const closeIdle = (): void => {
      callSafely(() => server.closeIdleConnections?.())
      timer = clock.setTimeout(closeIdle, IDLE_MS)
    }
    callSafely(() =>
      server.prependListener?.('request', (_, response) => Object.assign(response, { shouldKeepAlive: false })),
    )
    closeIdle()
    try {
      const returned = server.close(finish) // with an error if it does not listen, which is closed too
      if (isThenable(returned)) Promise.resolve(returned).then(finish, finish)
    } catch {
      finish()
    }
  })

const callSafely = (call: () => unknown): void => {
  try {
    call()
  } catch {
    // The server closes all the same, or is cut.
  }
}
