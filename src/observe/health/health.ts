import type { IncomingMessage, ServerResponse } from 'node:http'
import { observationOf } from '../../api/internal/observation.ts'
import type { FrozenStatus, ReloaderStatus } from '../../api/status.ts'
import { invalidOption } from '../../model/option-checks.ts'
import type { Health, HealthDetails, HealthOptions } from './types.ts'

/**
 * Makes the probes of a service. A reload that fails never turns readiness off: the service serves what it served, and
 * one bad document would make all instances unreachable at once.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 *
 * @example
 * ```ts
 * const { handler } = health(reloader)
 * createServer(handler).listen(8081)
 * ```
 */
export const health = (reloader: object, options: HealthOptions = {}): Health => {
  const { unreadyWhen, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`health has no option ${name}`)
  if (unreadyWhen !== undefined && typeof unreadyWhen !== 'function') {
    throw invalidOption('unreadyWhen must be a function')
  }
  const { status: statusOf, isClosing } = observationOf(reloader)
  const isReady = (status: ReloaderStatus): boolean =>
    status.serving !== undefined && !isClosing() && !isTrue(unreadyWhen, status)
  const details = (): HealthDetails => {
    const status = statusOf()
    return detailsOf(status, isReady(status))
  }
  return {
    live: () => true,
    ready: () => isReady(statusOf()),
    details,
    handler: (request, response, next) => {
      response.on('error', () => {}) // the client has gone
      const path = request.url?.split('?', 1)[0]
      if (path === '/live') return answer(request, response, 200, { live: true })
      if (path !== '/ready') return next === undefined ? answer(request, response, 404, { error: 'not found' }) : next()
      const shown = details()
      answer(request, response, shown.ready ? 200 : 503, shown)
    },
  }
}

/** What the user's function throws must not make a service unreachable. */
const isTrue = (unreadyWhen: HealthOptions['unreadyWhen'], status: ReloaderStatus): boolean => {
  try {
    return unreadyWhen?.(status) === true
  } catch {
    return false
  }
}

const detailsOf = (
  { state, since, serving, stale, degraded, frozen, waiting }: ReloaderStatus,
  ready: boolean,
): HealthDetails => ({
  ready,
  state,
  since,
  ...(serving === undefined ? {} : { revision: serving.revision.name }),
  ...(stale === undefined ? {} : { stale }),
  degraded,
  ...(frozen === undefined ? {} : { frozen: withoutRevision(frozen) }),
  ...(waiting === undefined ? {} : { waiting: { ...waiting, revision: waiting.revision.name } }),
})

/** The revision that waits is named beside it. */
const withoutRevision = ({ waiting: _, ...frozen }: FrozenStatus) => frozen

const answer = (request: IncomingMessage, response: ServerResponse, status: number, body: object): void => {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const text = `${JSON.stringify(isRead ? body : { error: 'only GET and HEAD' })}\n`
  response.writeHead(isRead ? status : 405, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(isRead ? {} : { allow: 'GET, HEAD' }),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}
