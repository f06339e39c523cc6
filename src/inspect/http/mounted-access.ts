import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../api/clock.ts'
import { type Access, type Admitted, parseUrl } from './access.ts'
import { HttpError } from './http-errors.ts'
import { sendText } from './responses.ts'
import { checkMountedOrigin, isCrossOrigin } from './same-origin.ts'
import { createSession } from './sessions.ts'

/** What the page requests, at the end of a path of any length: a proxy or a framework may have cut its beginning off. */
const BELOW_PAGE = /\/((?:events|transactions\/[^/]+|actions\/[^/]+|reverts\/[^/]+)?)$/

/**
 * Lets everyone in whom the user's server lets through. One session stands for all of them: its CSRF token is sent to the
 * page only, and its limits end the flood of a page that has gone wrong.
 */
export const createMountedAccess = (clock: Clock, allowedHosts: ReadonlySet<string>): Access => {
  const session = createSession(clock)
  const admit = (request: IncomingMessage, response: ServerResponse): Admitted | undefined => {
    checkMountedOrigin(request, allowedHosts)
    const url = parseUrl(urlOf(request))
    if (!session.limits.requests.take()) throw new HttpError('inspector.too-many')
    const path = BELOW_PAGE.exec(url.pathname)?.[1]
    if (path === undefined) return redirectToPage(request, response, url)
    if (isCrossOrigin(request) && path !== '') throw new HttpError('inspector.bad-origin')
    return { session, path, isDownload: url.searchParams.has('download') }
  }
  return { admit }
}

/** Express cuts the path of the mount off, and keeps the whole one beside it. */
const urlOf = ({ url = '', originalUrl }: IncomingMessage & { readonly originalUrl?: unknown }): string =>
  typeof originalUrl === 'string' ? originalUrl : url

/** The page's addresses are relative, so its own must end with a slash. */
const redirectToPage = (
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  { pathname }: URL,
): undefined => {
  const isPage = method === 'GET' && headers.accept?.includes('text/html') === true
  if (!isPage) throw new HttpError('inspector.not-found')
  sendText(response, 308, '', { location: `./${pathname.slice(pathname.lastIndexOf('/') + 1)}/` })
}
