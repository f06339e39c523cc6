import type { IncomingMessage } from 'node:http'
import { Refusal } from './http-errors.ts'

/**
 * Refuses what no page of the inspector's own would send, before anything else is looked at. A name that an attacker
 * has pointed at 127.0.0.1 (DNS rebinding) shows in Host; another page shows in Origin and in the Fetch metadata.
 */
export const checkOrigin = (request: IncomingMessage, allowedHosts: ReadonlySet<string>): void => {
  const host = onlyHeader(request, 'host')
  if (host === undefined || !allowedHosts.has(host.toLowerCase())) throw new Refusal('inspector.bad-host')
  const { origin } = request.headers
  const isOwn = origin !== undefined && isOwnOrigin(origin.toLowerCase(), host.toLowerCase())
  // Browsers leave Origin out of plain GETs; with all else they send it, and so must others.
  if (origin === undefined ? request.method !== 'GET' : !isOwn) throw new Refusal('inspector.bad-origin')
  if (!isOwnFetch(request)) throw new Refusal('inspector.bad-origin')
}

/** True where a browser fetches ahead of its user, who may never come. */
export const isPrefetch = ({ headers }: IncomingMessage): boolean =>
  [headers['sec-purpose'], headers.purpose].some((purpose) => /prefetch|prerender/i.test(String(purpose ?? '')))

/** True where a link on another page led here. */
export const isFromElsewhere = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site'

/** Node joins or drops repeated headers; of two Hosts one may be a lie. */
const onlyHeader = ({ rawHeaders }: IncomingMessage, name: string): string | undefined => {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
  return values.length === 1 ? values[0] : undefined
}

// A proxy before the inspector may speak TLS.
const isOwnOrigin = (origin: string, host: string): boolean =>
  origin === `http://${host}` || origin === `https://${host}`

/** Whoever comes from another page, also from another port of this host, may only follow a link, in a tab of its own. */
const isOwnFetch = (request: IncomingMessage): boolean => {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers
  if (!isFromElsewhere(request)) return true
  return request.method === 'GET' && mode === 'navigate' && dest === 'document'
}
