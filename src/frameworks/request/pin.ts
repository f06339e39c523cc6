import { holdingOf } from '../../api/internal/holding.ts'
import type { LeasedView } from '../../api/modules.ts'
import type { Reloader } from '../../api/reloader.ts'
import { isThenable } from '../../async/thenable.ts'
import { invalidOption } from '../../model/option-checks.ts'
import { type Closable, Pin } from '../pin.ts'
import { runPinned } from '../pin-context.ts'

/** Options of `pin`. */
export interface PinOptions {
  /** A response or a socket: the pin lasts until it has closed too, also if the client aborts. */
  readonly until?: Closable
  /** Named by `lease.overdue`: the pattern of the route, such as `GET /users/:id`, never its URL. */
  readonly route?: string
}

/**
 * Runs the task with the serving config and the instances that serve it. `pinned()` returns them anywhere below. They stay
 * open until the task has ended, and `until` has closed, but not longer than `deadlines.leaseMs` after they were replaced.
 * Returns what the task returns.
 *
 * @throws ChangeoverError `request.after-close`, `reloader.not-started`, `reloader.invalid-option`
 *
 * @example
 * ```ts
 * createServer((request, response) => pin(reloader, () => handle(request, response), { until: response }))
 * ```
 */
export const pin = <Config, M, T>(
  reloader: Reloader<Config, M>,
  task: (view: LeasedView<Config, M>) => T,
  options: PinOptions = {},
): T => {
  const { until, route, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`pin has no option ${name}`)
  if (typeof task !== 'function') throw invalidOption('task must be a function')
  if (until !== undefined && typeof until?.once !== 'function') throw invalidOption('until must have an event close')
  const held = new Pin(reloader, holdingOf(reloader), () => route)
  const end = (): void => (until === undefined ? held.release() : held.endWith(until))
  let result: T
  try {
    result = runPinned(held, () => task(held.view as LeasedView<Config, M>))
  } catch (error) {
    end()
    throw error
  }
  if (isThenable(result)) Promise.resolve(result).then(end, end)
  else end()
  return result
}
