import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpError } from './http-errors.ts'
import type { Session } from './sessions.ts'

/** A request that may be answered. */
export interface Admitted {
  readonly session: Session
  /** The path below the page: `events`, `actions/reload`, or nothing for the page itself. */
  readonly path: string
  readonly isDownload: boolean
}

/** Decides who may see the page. */
export interface Access {
  /** Returns undefined if it has answered the request itself. Throws an `HttpError` to refuse it. */
  readonly admit: (request: IncomingMessage, response: ServerResponse) => Admitted | undefined
}

/** Accepts only a plain path: an absolute URL, as sent to proxies, would name a host of its own. */
export const parseUrl = (url: string): URL => {
  if (!url.startsWith('/') || url.startsWith('//') || !URL.canParse(url, 'http://inspector')) {
    throw new HttpError('inspector.bad-request')
  }
  return new URL(url, 'http://inspector')
}
