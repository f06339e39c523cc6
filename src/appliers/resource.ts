import type { Applier, PrepareContext } from '../api/applier.ts'
import { abortable, assertDelay, settlesWithin } from './bounds.ts'

/** The functions that a {@link resource} is made of. */
export interface ResourceDefinition<Slice, Instance, Needs extends object = object> {
  /**
   * Makes a new instance from the slice, beside the one that serves. A rejection refuses the config. Use `context.defer`
   * for what it has opened so far when it can fail half-way.
   */
  readonly open: (slice: Slice, context: PrepareContext<Slice, Needs>) => Promise<Instance> | Instance
  /**
   * Proves that the instance works: rejects, or throws, when it does not. Asked once before the instance may serve, so
   * that one which cannot work refuses the config, and again during the soak. Default: an opened instance works.
   */
  readonly check?: (instance: Instance, signal: AbortSignal) => unknown
  /**
   * Waits until nobody uses the instance any more, then releases it. Called exactly once for every opened instance.
   * `signal` aborts when `drainMs` are over: stop waiting then and release at once. It has aborted already for an
   * instance that failed its first check, since nobody uses it.
   */
  readonly close: (instance: Instance, signal: AbortSignal) => Promise<unknown> | unknown
  /**
   * Releases the instance by force, without waiting for anybody. Called at most once, where `close` is late or failed.
   * Give it where `close` cannot heed its signal. Default: `close` is waited for, up to the reloader's own deadline.
   */
  readonly destroy?: (instance: Instance) => Promise<unknown> | unknown
  /**
   * How long `close` may wait for users, in milliseconds. Longer lets slow work end; shorter frees connections sooner.
   * Keep it below the reloader's `deadlines.closeMs`. Default: 10 000.
   */
  readonly drainMs?: number
}

const DEFAULT_DRAIN_MS = 10_000

/**
 * Makes an applier of three functions, for whatever is opened, works, and is closed: a pool, a client, a server.
 *
 * A new instance is opened and checked while the old one serves; after the soak the old one is drained and closed.
 * Throws `reloader.invalid-option` where `drainMs` is not a delay.
 */
export const resource = <Slice, Instance, Needs extends object = object>(
  definition: ResourceDefinition<Slice, Instance, Needs>,
): Applier<Slice, Instance, Needs> => {
  const { open, check, drainMs = DEFAULT_DRAIN_MS } = definition
  assertDelay('drainMs', drainMs, 0)
  return {
    prepare: async (slice, context) => {
      const instance = await open(slice, context)
      context.defer(() => release(definition, instance, context, 0))
      const probe = async (signal: AbortSignal): Promise<void> => {
        await abortable(Promise.resolve(check?.(instance, signal)), signal)
      }
      // An instance that came too late is handed over unproved: it will not serve, and its close is then counted.
      if (check !== undefined && !context.signal.aborted) await probe(context.signal)
      return {
        instance,
        ...(check === undefined ? {} : { check: probe }),
        close: () => release(definition, instance, context, drainMs),
      }
    },
  }
}

const release = async <Instance>(
  { close, destroy }: Pick<ResourceDefinition<never, Instance>, 'close' | 'destroy'>,
  instance: Instance,
  { clock, report }: Pick<PrepareContext<never>, 'clock' | 'report'>,
  drainMs: number,
): Promise<void> => {
  const deadline = new AbortController()
  if (drainMs === 0) deadline.abort(late())
  const closing = (async () => close(instance, deadline.signal))()
  if (!(await settlesWithin(clock, drainMs, closing))) {
    deadline.abort(late())
    // Work was cut off, or will be: the operator should know. With no time to drain nobody was promised any.
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

const late = (): DOMException => new DOMException('The time to drain is over', 'TimeoutError')
