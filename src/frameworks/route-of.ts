import type { IncomingMessage } from 'node:http'

interface ExpressRequest {
  readonly route?: { readonly path?: unknown }
  readonly baseUrl?: string
}

/**
 * Names the route that serves a request by its pattern. Where its router is mounted is known as a URL only, which may name
 * a person, so it is left out.
 */
export const routeOf = (request: IncomingMessage): string => {
  const { route, baseUrl = '', method } = request as IncomingMessage & ExpressRequest
  if (route === undefined) return `${method} without a route`
  const path = [route.path].flat().map(String).join(' or ')
  return `${method} ${baseUrl === '' ? '' : '…'}${path}`
}
