import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-errors.ts'

/**
 * Throws unless the request could come from the inspector's own page. `Host` reveals a foreign name that points at
 * 127.0.0.1 (DNS rebinding); `Origin` and the Fetch metadata reveal another page.
 */
export const checkSameOrigin = (request: IncomingMessage, allowedHosts: ReadonlySet<string>): void => {
  const host = uniqueHeader(request, 'host')?.toLowerCase()
  if (host === undefined || !isAllowedHost(host, allowedHosts)) throw unknownHost(host)
  const origin = request.headers.origin?.toLowerCase()
  // A proxy in front of the inspector may add TLS. Browsers omit Origin only from plain GETs.
  const isOwn = origin === undefined ? request.method === 'GET' : [`http://${host}`, `https://${host}`].includes(origin)
  if (!isOwn) throw new HttpError('inspector.bad-origin')
  if (!isOwnFetch(request)) throw new HttpError('inspector.bad-origin')
}

/**
 * Throws unless a mounted page itself could have sent the request. The user's server has checked who asks; this refuses
 * what another page sends with that user's cookies.
 *
 * @param allowedHosts names to answer to; if there are none, the server's own check of `Host` counts
 */
export const checkMountedOrigin = (request: IncomingMessage, allowedHosts: ReadonlySet<string>): void => {
  const host = request.headers.host?.toLowerCase()
  if (host === undefined || (allowedHosts.size > 0 && !isAllowedHost(host, allowedHosts))) throw unknownHost(host)
  const origin = request.headers.origin?.toLowerCase()
  const from = /^https?:\/\/(.+)$/.exec(origin ?? '')?.[1]
  // A proxy may replace Host: then the name that the browser shows must be allowed.
  const isNamed = from !== undefined && (from === host || isAllowedHost(from, allowedHosts))
  const isOwn = origin === undefined ? request.method === 'GET' : isNamed
  if (!isOwn || !isOwnFetch(request)) throw new HttpError('inspector.bad-origin')
}

/** Whether a text can be the value of a Host header. */
export const isHostName = (name: unknown): name is string =>
  typeof name === 'string' && /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(name)

/** Whether a host is allowed, by its name and port, or by a name with any port: `localhost:*`. */
export const isAllowedHost = (host: string, allowedHosts: ReadonlySet<string>): boolean =>
  allowedHosts.has(host) || allowedHosts.has(host.replace(/:\d+$/, ':*'))

/** Repeats the name that the client itself sent, if it can be one, so that the answer can say how to allow it. */
const unknownHost = (host: string | undefined): HttpError =>
  new HttpError('inspector.bad-host', isHostName(host) ? host : undefined)

/** Whether a browser requests this ahead of its user, who may never open it. */
export const isPrefetch = ({ headers }: IncomingMessage): boolean =>
  [headers['sec-purpose'], headers.purpose].some((purpose) => /prefetch|prerender/i.test(String(purpose ?? '')))

/** Whether another page made this request or linked to it; a page on another port of this host counts as another. */
export const isCrossOrigin = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site'

/** Node joins or drops repeated headers. With two Hosts, either may be forged. */
const uniqueHeader = ({ rawHeaders }: IncomingMessage, name: string): string | undefined => {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
  return values.length === 1 ? values[0] : undefined
}

/** Another page may only link to the inspector, as a top-level navigation. */
const isOwnFetch = (request: IncomingMessage): boolean => {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers
  if (!isCrossOrigin(request)) return true
  return request.method === 'GET' && mode === 'navigate' && dest === 'document'
}
