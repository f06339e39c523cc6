import { holdingOf } from '../../api/internal/holding.ts'
import type { LeasedView } from '../../api/modules.ts'
import type { Reloader } from '../../api/reloader.ts'
import { changeoverError } from '../../model/failure.ts'
import { invalidOption } from '../../model/option-checks.ts'
import type { Pin } from '../pin.ts'
import { currentPin } from '../pin-context.ts'
import type { RegisteredView } from '../register.ts'
import { pinOf } from '../request-pin.ts'

/** Options of `pinned`. */
export interface PinnedOptions {
  /** What to do outside of a request: throw, or return what serves. @default 'throw' */
  readonly outside?: 'throw' | 'serving'
}

type Pinned = {
  (): RegisteredView
  <Config, M>(reloader: Reloader<Config, M>, options?: PinnedOptions): LeasedView<Config, M>
}

/**
 * Returns the config and the modules that the running request holds: the same ones wherever and whenever it is called
 * below. After the response has closed it returns them for as long as they serve; then that is outside of a request.
 *
 * @throws ChangeoverError `request.not-pinned` outside of a request; with `outside: 'serving'` it throws
 * `reloader.not-started` and `request.after-close` instead; `reloader.invalid-option`
 *
 * @example
 * ```ts
 * const { config, modules } = pinned(reloader)
 * await modules.db.current.query('select * from products limit $1', [config.db.max])
 * ```
 */
export const pinned: Pinned = (reloader?: object, options?: PinnedOptions): LeasedView<never, never> => {
  const outside = options === undefined ? 'throw' : outsideOf(options)
  const pin = currentPin(reloader)
  if (pin !== undefined && !pin.isOutdated) return pin.view as LeasedView<never, never>
  const take = reloader === undefined ? undefined : holdingOf(reloader)
  if (outside === 'throw' || take === undefined) throw notPinned(pin)
  const hold = take()
  const { view } = hold
  hold.release()
  return view as LeasedView<never, never>
}

const outsideOf = ({ outside = 'throw', ...unknown }: PinnedOptions): 'throw' | 'serving' => {
  for (const name of Object.keys(unknown)) throw invalidOption(`pinned has no option ${name}`)
  if (outside !== 'throw' && outside !== 'serving') throw invalidOption("outside must be 'throw' or 'serving'")
  return outside
}

/**
 * Lets a request that lasts, such as a stream, hold what serves now instead of what it has held. Without an argument it is
 * the running request, else the one that is given. `pinned()` and `request.config` then return the new view.
 *
 * @throws ChangeoverError `request.not-pinned` if it is not pinned or has ended, `request.after-close`
 *
 * @example
 * ```ts
 * for await (const event of events) {
 *   renew(request)
 *   response.write(render(event, request.config.page))
 * }
 * ```
 */
export const renew = (request?: object): void => {
  const pin = request === undefined ? currentPin() : pinOf(request)
  if (pin === undefined) throw notPinned(pin)
  pin.renew()
}

const notPinned = (pin: Pin | undefined): Error =>
  changeoverError('request.not-pinned', pin === undefined ? {} : { detail: 'the request has ended' })
