import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ReloaderStatus, WaitReason } from '../../api/status.ts'

/** What the probes of a service show, without config values. Times are in milliseconds since the Unix epoch. */
export interface HealthDetails {
  readonly ready: boolean
  /** How the last transaction ended, or what the running one does. */
  readonly state: string
  readonly since: number
  /** The name of the revision that serves; absent before the first commit. */
  readonly revision?: string
  /** Present while the source cannot be read: since when the config has not been compared with it. */
  readonly stale?: { readonly since: number }
  /** The modules that may not serve the config. */
  readonly degraded: readonly string[]
  /** Present while changes are frozen: why, by whom if that was said, and since when. */
  readonly frozen?: { readonly reason: string; readonly by?: string; readonly since: number }
  /** Present while a newer document waits. */
  readonly waiting?: { readonly revision: string; readonly reason: WaitReason; readonly until?: number }
}

/** Options of `health`. */
export interface HealthOptions {
  /**
   * Turns readiness off while it returns true. If it throws, it counts as false. Think twice: what is true in one
   * instance after a bad document is true in all of them at once.
   *
   * @default never
   */
  readonly unreadyWhen?: (status: ReloaderStatus) => boolean
}

/**
 * Answers `GET` and `HEAD` of `/live` and `/ready`. Calls `next` for other paths, as a middleware; without it they are not
 * found.
 */
export type HealthHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/** The probes of a service. */
export interface Health {
  /** Returns true: whoever gets an answer knows that the event loop runs. */
  readonly live: () => true
  /** Returns true from the first commit until `close` is called, whatever becomes of later documents. */
  readonly ready: () => boolean
  /** Returns what the probes show. */
  readonly details: () => HealthDetails
  /** A listener for a server of `node:http`, and a middleware. */
  readonly handler: HealthHandler
}
