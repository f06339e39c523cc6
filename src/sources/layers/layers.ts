import { setMaxListeners } from 'node:events'
import { type ComposeLayers, withTarget } from '../../api/internal/source-target.ts'
import { systemClock, type TimerHandle } from '../../api/clock.ts'
import { type ReadResult, type Source, type SourceContext, SourceError, type SourceEvent } from '../../api/source.ts'
import { linkSignals, raceAbort } from '../../async/abort.ts'
import { sleep } from '../../async/deadline.ts'
import { LatestValue } from '../../async/latest-value.ts'
import type { SourceCode } from '../../model/failure.ts'
import { isNewer, type Revision } from '../../model/revision.ts'
import { composeLayers } from './compose.ts'
import { LayerFollower } from './layer-follower.ts'
import { type Layer, type LayersOptions, type ResolvedLayer, resolveLayers, resolveLayersOptions } from './options.ts'

/** How long a read waits for a layer without which it has an answer too, in milliseconds. */
const PATIENCE_MS = 1_000

/**
 * Makes one document of several sources, the lowest layer first: a value of a later layer hides that of an earlier one. Objects
 * are merged at every depth, and anything else is replaced as a whole. An object above a scalar or an array is refused.
 *
 * Each layer is followed by itself. One that cannot be read keeps its last text, and delays no other. What several layers change
 * within `gatherMs` becomes one transaction.
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * import { createReloader } from 'changeover'
 * import { fileSource } from 'changeover/file'
 * import { defaults, environment, layers } from 'changeover/layers'
 *
 * const source = layers([
 *   defaults({ db: { max: 10 } }),
 *   fileSource({ path: '/etc/app/config.yaml', format: 'yaml' }),
 *   environment({ prefix: 'APP_' }),
 * ])
 * const reloader = createReloader({ source, schema: Config })
 * ```
 */
export const layers = (given: readonly (Source | Layer)[], options: LayersOptions = {}): Source => {
  const resolved = resolveLayers(given)
  const settings = resolveLayersOptions(options)
  const source = new LayeredSource(resolved, settings)
  const made: Source = {
    name: 'layers',
    endpoint: source.endpoint,
    attach: (context) => source.attach(context),
    read: (signal) => source.read(signal),
    watch: (after, signal) => source.watch(after, signal),
    layers: () => source.followers.map((follower) => follower.status(source.isClosed)),
    close: () => source.close(),
  }
  const compose: ComposeLayers = (results) =>
    composeLayers(
      resolved.map(({ name, optional, source: { name: kind } }, index) => {
        return { name, kind, isOptional: optional, result: results[index] }
      }),
      settings.nulls,
    )
  return withTarget(made, { kind: 'layers', layers: resolved, compose })
}

const noop = (): void => {}

/** What holds for a source that no reloader has attached. */
const unattached: Omit<SourceContext, 'schema'> = {
  clock: systemClock,
  random: Math.random,
  logger: { debug: noop, info: noop, warn: noop, error: noop },
  readMs: 5_000,
  backoff: { minMs: 200, maxMs: 5_000 },
  report: noop,
}

interface Watch {
  readonly channel: LatestValue<SourceEvent>
  seen: Revision
  warning: string
}

class LayeredSource {
  readonly endpoint: string
  readonly #layers: readonly ResolvedLayer[]
  readonly #options: Required<LayersOptions>
  readonly #closing = new AbortController()
  readonly #watches = new Set<Watch>()
  #context: Omit<SourceContext, 'schema'> = unattached
  #followers: readonly LayerFollower[] | undefined
  #composed: { readonly results: readonly (ReadResult | undefined)[]; readonly result: ReadResult } | undefined
  #timer: TimerHandle

  constructor(given: readonly ResolvedLayer[], options: Required<LayersOptions>) {
    // Every read under way listens to it, and removes its listener at the end.
    setMaxListeners(0, this.#closing.signal)
    this.#layers = given
    this.#options = options
    this.endpoint = given.map(({ name }) => name).join(' + ')
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Made when they are first needed: by then, a reloader has said what they may use. */
  get followers(): readonly LayerFollower[] {
    const context = this.#context as SourceContext
    this.#followers ??= this.#layers.map(
      (layer) => new LayerFollower(layer, context, this.#closing.signal, () => this.#gather()),
    )
    return this.#followers
  }

  attach(context: SourceContext): void {
    this.#context = context
    this.#followers = undefined
    for (const { source } of this.#layers) source.attach?.(context)
  }

  /** Reads all layers at once. */
  async read(signal: AbortSignal): Promise<ReadResult> {
    if (this.isClosed) throw new SourceError('source.closed')
    const { clock } = this.#context
    const linked = linkSignals(signal, this.#closing.signal)
    const waited = new AbortController()
    try {
      const late = new Set<LayerFollower>(this.followers)
      const needed = this.followers.filter(({ isDispensable }) => !isDispensable)
      const reads = new Map(
        this.followers.map((follower) => [follower, follower.read(linked.signal).then(() => late.delete(follower))]),
      )
      const patience = Promise.all([...needed.map((each) => reads.get(each)), sleep(clock, PATIENCE_MS, waited.signal)])
      await raceAbort(Promise.race([Promise.all(reads.values()), patience]), linked.signal)
      for (const follower of late) follower.noteLate()
    } catch (error) {
      if (this.isClosed) throw new SourceError('source.closed')
      if (signal.aborted) throw new SourceError('source.timeout', signal.reason)
      throw error
    } finally {
      waited.abort()
      linked.unlink()
    }
    return this.#result()
  }

  async *watch(after: Revision, signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    if (signal.aborted) return
    if (this.isClosed) throw new SourceError('source.closed')
    const channel = new LatestValue<SourceEvent>()
    const watch: Watch = { channel, seen: after, warning: '' }
    // On the abort itself, because a consumer that hangs would never let `finally` run.
    const end = (): void => {
      signal.removeEventListener('abort', end)
      channel.end()
      this.#leave(watch)
    }
    signal.addEventListener('abort', end, { once: true })
    channel.queue({ kind: 'opened' })
    this.#watches.add(watch)
    if (this.#watches.size === 1) for (const follower of this.followers) follower.start()
    this.#gather() // a read may have found more than this watch has seen
    try {
      for (let event = await channel.take(); event !== undefined; event = await channel.take()) yield event
    } finally {
      end()
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const { channel } of this.#watches) channel.fail(new SourceError('source.closed'))
    for (const watch of [...this.#watches]) this.#leave(watch)
    const closed = await Promise.allSettled(this.#layers.map(async ({ source }) => source.close?.()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }

  #leave(watch: Watch): void {
    if (!this.#watches.delete(watch) || this.#watches.size > 0) return
    this.#context.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    for (const follower of this.followers) follower.stop()
  }

  /** Waits for what other layers change at the same time, and then reports all of it. */
  #gather(): void {
    if (this.#watches.size === 0 || this.#timer !== undefined) return
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#timer = undefined
      this.#announce()
    }, this.#options.gatherMs)
  }

  #announce(): void {
    if (this.#unread() !== undefined) return
    const result = this.#result()
    const warning = [result.warning ?? '', ...(result.layers ?? [])].join(' ')
    for (const watch of this.#watches) {
      if (!isNewer(result.revision, watch.seen) && warning === watch.warning) continue
      watch.seen = result.revision
      watch.warning = warning
      watch.channel.put(result)
    }
  }

  /** The required layer that was never read. */
  #unread(): LayerFollower | undefined {
    return this.followers.find((follower) => !follower.isDispensable)
  }

  #result(): ReadResult {
    const unread = this.#unread()
    if (unread !== undefined) {
      const { layer, lastError } = unread
      const code = (lastError?.code ?? 'source.failed') as SourceCode
      throw new SourceError(code, undefined, `layer "${layer.name}": ${layer.source.name} ${layer.source.endpoint}`)
    }
    const composed = this.#compose()
    const troubled = this.followers.filter(({ warning }) => warning !== undefined)
    const [first] = troubled
    if (first?.warning === undefined) return composed
    const layerNames = troubled.filter(({ warning }) => warning === first.warning).map(({ layer }) => layer.name)
    // A fault of the document is named with its own layers.
    return { ...composed, warning: first.warning, layers: composed.layers ?? layerNames }
  }

  #compose(): ReadResult {
    const readings = this.followers.map(({ reading }) => reading)
    const results = readings.map(({ result }) => result)
    const known = this.#composed
    if (known?.results.every((result, index) => result === results[index]) === true) return known.result
    const result = composeLayers(readings, this.#options.nulls)
    this.#composed = { results, result }
    return result
  }
}
