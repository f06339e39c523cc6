import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import { finalize, type Observable } from 'rxjs'
import { currentPin, runPinned, runUnpinned } from '../pin-context.ts'
import { pinOf } from '../request-pin.ts'
import { UNPINNED } from './decorators.ts'
import type { NestService } from './nest-service.ts'

/** Runs each handler with the pin of its request, and pins messages that no middleware has seen. */
export class PinInterceptor implements NestInterceptor {
  readonly #service: NestService

  constructor(service: NestService) {
    this.#service = service
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') return this.#interceptRequest(context, next)
    const { checked, reloader } = this.#service
    if (isUnpinned(context) || currentPin(reloader) !== undefined) return next.handle()
    const pin = this.#service.pinMessage(routeOf, context)
    const handled = checked.asyncContext ? runPinned(pin, () => next.handle()) : next.handle()
    return handled.pipe(finalize(() => pin.release()))
  }

  #interceptRequest(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { checked, pins, reloader } = this.#service
    const request = context.switchToHttp().getRequest<object>()
    const pin = pinOf(request)
    if (pin === undefined) return next.handle()
    if (isUnpinned(context)) {
      pins.unpin(request)
      return runUnpinned(reloader, () => next.handle())
    }
    pin.nameRoute(routeOf, context)
    // A body is read by listeners of the socket, which run outside of the context of the request.
    if (!checked.asyncContext || currentPin(reloader) === pin) return next.handle()
    return runPinned(pin, () => next.handle())
  }
}

const isUnpinned = (context: ExecutionContext): boolean =>
  [context.getHandler(), context.getClass()].some((target) => metadataOf(UNPINNED, target) === true)

/** Names a handler by the patterns of its decorators, or by its class and method if it has none. */
const routeOf = (context: ExecutionContext): string => {
  const [handler, controller] = [context.getHandler(), context.getClass()]
  if (context.getType() !== 'http') return `${controller.name}.${handler.name}`
  const { method = '' } = context.switchToHttp().getRequest<{ readonly method?: string }>()
  const parts = [controller, handler].flatMap((target) => String(metadataOf('path', target) ?? '').split('/'))
  return `${method} /${parts.filter((part) => part !== '').join('/')}`
}

/** By `reflect-metadata`, which Nest loads. */
const metadataOf = (key: string, target: object): unknown =>
  (Reflect as unknown as { getMetadata: (key: string, target: object) => unknown }).getMetadata(key, target)
