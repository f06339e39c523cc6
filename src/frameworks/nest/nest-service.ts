import { holdingOf } from '../../api/internal/holding.ts'
import { observationOf } from '../../api/internal/observation.ts'
import type { LeasedView } from '../../api/modules.ts'
import { changeoverError } from '../../model/failure.ts'
import { invalidOption } from '../../model/option-checks.ts'
import { Pin, type RouteOf } from '../pin.ts'
import { currentPin } from '../pin-context.ts'
import { type CheckedOptions, checkRequestOptions } from '../request-options.ts'
import { RequestPins } from '../request-pin.ts'
import type { IncomingMessage } from 'node:http'
import type { ModuleReloader, NestOptions } from './options.ts'

/** The reloader of an application, and what its providers need of it. */
export class NestService {
  readonly reloader: ModuleReloader
  readonly pins: RequestPins
  readonly checked: CheckedOptions<IncomingMessage>
  readonly #close: NestOptions['close']

  private constructor({ reloader, start: _, close, ...options }: NestOptions) {
    this.reloader = reloader
    this.#close = close
    this.checked = checkRequestOptions('ChangeoverModule', options)
    this.pins = new RequestPins(reloader)
  }

  /** Starts the reloader unless it serves. @throws ChangeoverError */
  static async start(options: NestOptions): Promise<NestService> {
    if (typeof options !== 'object' || options === null) throw invalidOption('ChangeoverModule needs a reloader')
    holdingOf(options.reloader)
    const service = new NestService(options)
    const { status } = observationOf(options.reloader)
    if (status().serving === undefined) await options.reloader.start(options.start)
    return service
  }

  /** What the running request holds, else what serves. */
  get view(): LeasedView<object, Record<string, never>> {
    const pin = currentPin(this.reloader)
    return this.pins.viewOf(pin?.isOutdated === true ? undefined : pin) as LeasedView<object, Record<string, never>>
  }

  instanceOf(module: string): unknown {
    const { modules } = this.view as { readonly modules: Readonly<Record<string, { readonly current: unknown }>> }
    if (!Object.hasOwn(modules, module)) throw changeoverError('reloader.no-such-module', { module })
    return modules[module]?.current
  }

  /** Pins what is no request of HTTP: a message of a queue or of a socket. */
  pinMessage<Pinned>(routeOf: RouteOf<Pinned>, pinned: Pinned): Pin {
    return new Pin(this.reloader, holdingOf(this.reloader), routeOf, pinned)
  }

  close(): Promise<void> {
    return this.reloader.close(this.#close)
  }
}
