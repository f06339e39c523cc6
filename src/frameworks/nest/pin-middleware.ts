import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceUnavailableException } from '@nestjs/common'
import { isChangeoverError } from '../../model/failure.ts'
import { runPinned } from '../pin-context.ts'
import { reloaderOf } from '../request-pin.ts'
import { routeOf } from '../route-of.ts'
import type { NestService } from './nest-service.ts'

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** Pins each request before guards, pipes and interceptors see it. */
export const pinMiddleware = ({ pins, checked: { isPinned, asyncContext } }: NestService): Middleware => {
  return (request, response, next) => {
    let pin: ReturnType<typeof pins.pin>
    try {
      if (reloaderOf(request) === pins.reloader || !isPinned(request)) return next()
      pin = pins.pin(request, response, routeOf, request)
      pins.mark(request)
    } catch (error) {
      return next(unavailable(error))
    }
    if (asyncContext) runPinned(pin, next)
    else next()
  }
}

/** Nest answers with the status of its own exceptions only. */
const unavailable = (error: unknown): unknown =>
  isChangeoverError(error)
    ? new ServiceUnavailableException({ statusCode: 503, code: error.code, message: error.message }, { cause: error })
    : error
