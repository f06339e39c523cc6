import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-errors.ts'

/**
 * Throws unless the request could come from the inspector's own page. `Host` reveals a foreign name that points at
 * 127.0.0.1 (DNS rebinding); `Origin` and the Fetch metadata reveal another page.
 */
export const checkSameOrigin = (request: IncomingMessage, allowedHosts: ReadonlySet<string>): void => {
  const host = uniqueHeader(request, 'host')
  if (host === undefined || !allowedHosts.has(host.toLowerCase())) throw new HttpError('inspector.bad-host')
  const { origin } = request.headers
  const isOwn = origin !== undefined && isOwnOrigin(origin.toLowerCase(), host.toLowerCase())
  // Browsers omit Origin only from plain GETs, so every other request must have it.
  if (origin === undefined ? request.method !== 'GET' : !isOwn) throw new HttpError('inspector.bad-origin')
  if (!isOwnFetch(request)) throw new HttpError('inspector.bad-origin')
}

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

/** Accepts both schemes, because a proxy in front of the inspector may add TLS. */
const isOwnOrigin = (origin: string, host: string): boolean =>
  origin === `http://${host}` || origin === `https://${host}`

/** Another page may only link to the inspector, as a top-level navigation. */
const isOwnFetch = (request: IncomingMessage): boolean => {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers
  if (!isCrossOrigin(request)) return true
  return request.method === 'GET' && mode === 'navigate' && dest === 'document'
}
