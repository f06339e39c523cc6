import type { Applier, InlineApplier, PrepareContext } from '../api/applier.ts'
import type { Clock } from '../api/clock.ts'
import { raceAbort } from '../async/abort.ts'
import { isThenable } from '../async/thenable.ts'
import { GuardedAbortController } from '../async/guarded-abort.ts'
import { checkMs } from '../model/option-checks.ts'
import { permanentIfArgument } from './argument-error.ts'

/** The functions that make up a {@link resource}. */
export interface ResourceDefinition<Slice, Instance, Needs extends object = object> {
  /**
   * Makes a new instance from the slice, while the old one serves. A rejection rejects the config, which is tried again
   * with back-off unless the error is `permanent`. An invalid argument that Node refuses at once is. If it can fail
   * half-way, register the cleanup of what it has opened so far with `context.defer`. `previousInstance` is what serves
   * now, if anything; it must stay as it is.
   */
  readonly open: (
    slice: Slice,
    context: PrepareContext<Slice, Needs>,
    previousInstance?: Instance,
  ) => Promise<Instance> | Instance
  /**
   * Throws or rejects if the instance does not work. Called once before the instance may serve, so that an instance that
   * cannot work rejects the config, and again during the soak.
   * @default no check: every opened instance works
   */
  readonly check?: (instance: Instance, signal: AbortSignal) => unknown
  /**
   * Waits until the instance is no longer in use, then releases it. Called exactly once for every opened instance.
   * `signal` aborts after `drainMs`: then stop waiting and release at once. For an instance that failed its first check
   * the signal has already aborted, since the instance was never in use.
   */
  readonly close: (instance: Instance, signal: AbortSignal) => Promise<unknown> | unknown
  /**
   * Releases the instance by force, without waiting. Called at most once, if `close` is late or failed. Provide it if
   * `close` cannot obey its signal.
   * @default the reloader waits for `close`, up to its own deadline
   */
  readonly destroy?: (instance: Instance) => Promise<unknown> | unknown
  /**
   * How long `close` may wait for users, in milliseconds. A longer time lets slow work end; a shorter one frees
   * connections sooner. Keep it below the reloader's `deadlines.closeMs`.
   * @default 10_000
   */
  readonly drainMs?: number
}

const DEFAULT_DRAIN_MS = 10_000

/**
 * Makes an applier for anything that is opened, used and closed: a pool, a client, a server.
 *
 * A new instance is opened and checked while the old one serves. After the soak, the old one is drained and closed. So it
 * does not fit what cannot exist twice, such as a server on a port that stays the same: use `defineApplier` for that.
 * @throws ChangeoverError `reloader.invalid-option` if `drainMs` is not a valid delay
 * @example
 * ```ts
 * const redis = resource({
 *   open: async ({ url }: { url: string }) => createClient({ url }).connect(),
 *   check: (client) => client.ping(),
 *   close: (client) => client.close(),
 *   destroy: (client) => client.destroy(),
 * })
 *
 * reloader.use('redis', (config) => config.redis, redis)
 * ```
 */
export const resource = <Slice, Instance, Needs extends object = object>(
  definition: ResourceDefinition<Slice, Instance, Needs>,
): InlineApplier<Slice, Instance, Needs> => {
  const { open, check, drainMs = DEFAULT_DRAIN_MS } = definition
  checkMs('drainMs', drainMs)
  const serve = (instance: Instance, context: PrepareContext<Slice, Needs>) => {
    context.defer(() => release(definition, instance, context, 0))
    const close = (): Promise<void> | void => release(definition, instance, context, drainMs)
    if (check === undefined) return { instance, close }
    const probe = (signal: AbortSignal): Promise<unknown> | undefined => {
      const checking = check(instance, signal)
      return isThenable(checking) ? raceAbort(Promise.resolve(checking), signal) : undefined
    }
    const generation = { instance, check: async (signal: AbortSignal) => void (await probe(signal)), close }
    // An instance that opened too late is returned unchecked: it will not serve, and its close is counted.
    const probing = context.signal.aborted ? undefined : probe(context.signal)
    return probing === undefined ? generation : probing.then(() => generation)
  }
  return {
    prepare: (slice, context, previousInstance) => {
      const opening = openAtOnce(() => open(slice, context, previousInstance))
      if (!isThenable(opening)) return serve(opening, context)
      return Promise.resolve(opening).then((instance) => serve(instance, context))
    },
  } satisfies Applier<Slice, Instance, Needs> as InlineApplier<Slice, Instance, Needs>
}

/** What is thrown before anything was awaited depends on the slice alone. */
const openAtOnce = <Instance>(open: () => Promise<Instance> | Instance): Promise<Instance> | Instance => {
  try {
    return open()
  } catch (error) {
    throw permanentIfArgument(error)
  }
}

/** Closes the instance: at once if `close` does, since a timer and a promise cost more than that (bench: reload). */
const release = <Instance>(
  definition: Closes<Instance>,
  instance: Instance,
  context: Pick<PrepareContext<never>, 'clock' | 'report'>,
  drainMs: number,
): Promise<void> | void => {
  const deadline = new GuardedAbortController(context.report)
  if (drainMs === 0) deadline.abort(drainTimeout())
  const closing = attempt(() => definition.close(instance, deadline.signal))
  return isThenable(closing) ? drain(definition, instance, context, { drainMs, deadline, closing }) : undefined
}

type Closes<Instance> = Pick<ResourceDefinition<never, Instance>, 'close' | 'destroy'>

const attempt = (close: () => unknown): unknown => {
  try {
    return close()
  } catch (error) {
    return Promise.reject(error)
  }
}

/** What is closing, and how long it may wait for users. */
interface Draining {
  readonly drainMs: number
  readonly deadline: GuardedAbortController
  readonly closing: PromiseLike<unknown>
}

const drain = async <Instance>(
  { destroy }: Closes<Instance>,
  instance: Instance,
  { clock, report }: Pick<PrepareContext<never>, 'clock' | 'report'>,
  { drainMs, deadline, ...begun }: Draining,
): Promise<void> => {
  const closing = Promise.resolve(begun.closing)
  if (!(await settlesWithin(clock, drainMs, closing))) {
    deadline.abort(drainTimeout())
    // Work was cut off, or will be, and the operator should know. Without a time to drain this is expected.
    if (drainMs > 0) report(deadline.signal.reason)
    if (destroy !== undefined) return void (await destroy(instance))
  }
  try {
    await closing
  } catch (error) {
    if (destroy === undefined) throw error
    report(error)
    await destroy(instance)
  }
}

/** Resolves to true when `promise` settles within `ms`, and to false when it is late. Never rejects. */
const settlesWithin = (clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> =>
  new Promise((resolve) => {
    const handle = clock.setTimeout(() => resolve(false), ms)
    const settle = () => {
      clock.clearTimeout(handle)
      resolve(true)
    }
    promise.then(settle, settle)
  })

const drainTimeout = (): DOMException => new DOMException('The time to drain is over', 'TimeoutError')
