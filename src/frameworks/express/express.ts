import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LeasedView } from '../../api/modules.ts'
import { changeoverError } from '../../model/failure.ts'
import type { RegisteredView } from '../register.ts'
import { type CheckedOptions, checkRequestOptions, type RequestOptions } from '../request-options.ts'
import type { Pin } from '../pin.ts'
import { runPinned } from '../pin-context.ts'
import { pinOf, reloaderOf, RequestPins } from '../request-pin.ts'
import { routeOf } from '../route-of.ts'

declare global {
  // biome-ignore lint/style/noNamespace: the types of Express are merged there
  namespace Express {
    interface Request {
      /** The config that the request holds. */
      readonly config: RegisteredView['config']
      /** The modules that the request holds. */
      readonly modules: RegisteredView['modules']
    }
  }
}

/** Options of the middleware for Express. */
export type ExpressOptions = RequestOptions<IncomingMessage>

/** A middleware of Express 4 and 5. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Makes a middleware that gives each request one snapshot: `req.config`, `req.modules`, and `pinned()` below. The snapshot
 * is held until the response has closed. Start the reloader before the server listens.
 *
 * A request fails with `request.after-close` and status 503 if the reloader has closed, and with
 * `framework.unsupported-version` or `framework.registered-twice`.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 *
 * @example
 * ```ts
 * app.use(changeover(reloader))
 * app.get('/products', async (req, res) => res.json(await list(req.modules.db.current, req.config.page)))
 * ```
 */
export const changeover = (reloader: object, options: ExpressOptions = {}): ExpressMiddleware => {
  const pins = new RequestPins(reloader)
  const checked = checkRequestOptions('changeover', options)
  return (request, response, next) => {
    try {
      const known = reloaderOf(request)
      if (known === reloader) return next() // mounted twice, it pins once
      if (known !== undefined) throw changeoverError('framework.registered-twice', { detail: 'two reloaders' })
      checkVersion(request)
    } catch (error) {
      return next(error)
    }
    handle(pins, checked, request, response, next)
  }
}

const handle = (
  pins: RequestPins,
  { isPinned, asyncContext }: CheckedOptions<IncomingMessage>,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void => {
  let pin: Pin | undefined
  try {
    if (isPinned(request)) pin = pins.pin(request, response, routeOf, request)
    pins.mark(request)
    define(request, () => pins.viewOf(pinOf(request)))
  } catch (error) {
    return next(error)
  }
  if (pin === undefined || !asyncContext) next()
  else runPinned(pin, next)
}

const define = (request: IncomingMessage, viewOf: () => LeasedView<object, object>): void => {
  Object.defineProperties(request, {
    config: { get: () => viewOf().config, configurable: true, enumerable: false },
    modules: { get: () => viewOf().modules, configurable: true, enumerable: false },
  })
}

/** Express 3 was built on Connect, whose apps are stacks; Connect itself gives a request no app. */
const checkVersion = (request: IncomingMessage): void => {
  const { app } = request as { readonly app?: unknown }
  if (typeof app === 'function' && 'handle' in app && !('stack' in app)) return
  throw changeoverError('framework.unsupported-version', { detail: 'Express 4 and 5 are supported' })
}
