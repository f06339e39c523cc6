import type { LeasedView, ModuleHandle, NoModules } from '../api/modules.ts'
import type {
  CloseOptions,
  PlanOptions,
  PlanReport,
  ReleaseOptions,
  ReloadOptions,
  RevertOptions,
  StartOptions,
} from '../api/call-options.ts'
import type { Reloader } from '../api/reloader.ts'
import type { ReloaderOptions } from '../api/options.ts'
import { CLOSE_DEADLINE_MS } from '../api/option-table.ts'
import type { ReloaderStatus } from '../api/status.ts'
import { registerReloader } from '../api/internal/attached-reloader.ts'
import { registerHolding, type TakeHold } from '../api/internal/holding.ts'
import { registerObservation } from '../api/internal/observation.ts'
import { captureAsyncContext } from '../async/async-context.ts'
import { Engine } from '../engine/engine.ts'
import { changeoverError } from '../model/failure.ts'
import { checkMs } from '../model/option-checks.ts'
import type { TransactionRecord } from '../model/record.ts'
import { Registry, type UseLinks } from '../modules/registry.ts'
import { ServingStore } from '../modules/serving-store.ts'
import { checkDeadlines, resolveOptions, type Settings } from '../settings/settings.ts'
import { logRefusedCall } from '../transaction/log-fields.ts'
import type { Listener } from '../transaction/subscriptions.ts'
import { unlessEnding } from './close-on-signals.ts'
import { Commands } from './commands.ts'
import { dryRun } from './dry-run.ts'
import { createExplain, type Explain } from './explain.ts'
import { inspectedParts } from './inspected-parts.ts'
import { type HandleState, moduleHandle } from './module-handle.ts'
import { PendingCalls } from './pending-calls.ts'
import { Startup } from './startup.ts'
import { statusOf } from './status.ts'

/**
 * Makes a reloader. Add modules with `use`, then `start` it.
 *
 * @throws ChangeoverError `reloader.invalid-option` for an option that is missing, unknown or out of range
 *
 * @example
 * const reloader = createReloader({ source: fileSource({ path: 'config.json' }), schema: Config, logger })
 *   .use('logger', (config) => config.log, logLevel(logger))
 *   .use('cache', (config) => config.cache, timer(refreshCache), { after: ['logger'] })
 * await reloader.start()
 */
export const createReloader = <Config>(options: ReloaderOptions<Config>): Reloader<Config, NoModules> =>
  // `use` adds each module to the type as it adds it here: the one place where the types trust the code.
  new ReloaderImpl(resolveOptions(options)) as unknown as Reloader<Config, NoModules>

type Served = { readonly config: unknown }

/** Stands in until a config serves: a check at each read would keep V8 from moving reads out of loops (bench: read). */
const nothingServed: Served = {
  get config(): never {
    throw changeoverError('reloader.not-started')
  },
}

class ReloaderImpl {
  readonly modules: Record<string, ModuleHandle<unknown>> = {}
  readonly explain: Explain
  readonly #settings: Settings
  /** Transactions and what they start belong to the service, not to the request that calls. */
  readonly #inContext = captureAsyncContext()
  readonly #registry = new Registry()
  /** What serves, beside the store: a read of `config` checks nothing and is as fast as one of a plain object. */
  #served: Served = nothingServed
  readonly #store = new ServingStore((config) => {
    this.#served = config === undefined ? nothingServed : { config }
  })
  readonly #engine: Engine
  readonly #pendingCalls = new PendingCalls()
  readonly #commands: Commands
  readonly #handleState: HandleState = {
    isClosing: () => this.#closing !== undefined,
    hasConfig: () => this.#served !== nothingServed,
  }
  #startup: Startup | undefined
  #closing: Promise<void> | undefined
  #resolveClosed: () => void = () => {}

  constructor(settings: Settings) {
    this.#settings = settings
    const pendingCalls = this.#pendingCalls
    this.#engine = new Engine(settings, this.#registry, this.#store, {
      onBegun: (epoch, trigger) => pendingCalls.claim(epoch, trigger),
      onServing: () => this.#startup?.serve(),
      onFinished: (record, leavesUntried) => {
        this.#startup?.settleStart(record, this.#engine.restore.goesOn(record))
        pendingCalls.answer(record)
        if (!leavesUntried) pendingCalls.reject('reloader.nothing-to-retry', 'retry')
      },
      onFrozen: () => pendingCalls.reject('reloader.frozen', 'reload'),
      onClosed: () => this.#resolveClosed(),
    })
    this.#commands = new Commands(this.#engine, { settings, pendingCalls, registry: this.#registry })
    registerHolding(this, this.#hold)
    registerReloader(settings, this)
    const parts = { settings, engine: this.#engine, store: this.#store }
    this.explain = createExplain(parts)
    const inspected = inspectedParts({ ...parts, explain: this.explain, plan: (text: string) => this.plan(text) })
    const { lastCloses } = this.#store
    const observed = this.#engine.events.observation(this.status, this.#handleState.isClosing)
    registerObservation(this, { ...observed, inspected, lastCloses, trials: this.#engine.offers.trials })
  }

  readonly use = (name: string, select: unknown, applier: unknown, links: UseLinks = {}): this => {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed', { module: name })
    if (this.#startup !== undefined) throw changeoverError('reloader.already-started', { module: name })
    if (links?.deadlines) checkDeadlines(links.deadlines)
    const definition = this.#registry.add(name, select, applier, links)
    const slot = this.#store.add(definition)
    Object.defineProperty(this.modules, name, { value: moduleHandle(slot, this.#handleState), enumerable: true })
    return this
  }

  readonly start = (options: StartOptions = {}): Promise<void> => {
    const started = this.#inContext(() => this.#start(options))
    return unlessEnding(this, started)
  }

  async #start(options: StartOptions): Promise<void> {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    if (this.#startup !== undefined) throw changeoverError('reloader.already-started')
    const startup = new Startup(options, this.#settings.clock, {
      lastError: () => this.#engine.intake.status.lastError,
      onFailed: () => void this.close(),
    })
    try {
      this.#engine.occupyStore()
      this.#startup = startup
      this.#engine.start()
      await startup.served
    } catch (error) {
      startup.fail(error as Error)
      await this.close()
      throw error
    }
  }

  get config(): unknown {
    return this.#served.config
  }

  readonly lease = async <T>(task: (view: LeasedView<object, object>) => T | Promise<T>): Promise<T> => {
    const hold = this.#hold()
    try {
      return await task(hold.view)
    } finally {
      hold.release()
    }
  }

  readonly #hold: TakeHold = (holder) => {
    if (this.#handleState.isClosing()) throw changeoverError('reloader.closed')
    return this.#store.hold(holder)
  }

  readonly status = (): ReloaderStatus => statusOf(this.#engine, this.#settings, this.#store)

  readonly reload = (options: ReloadOptions = {}): Promise<TransactionRecord> =>
    this.#command(() => this.#running().reload(options))

  readonly refresh = (...modules: readonly string[]): Promise<TransactionRecord> =>
    this.#command(() => this.#serving().refresh(modules))

  readonly freeze = (...given: Parameters<Commands['freeze']>): Promise<void> =>
    this.#command(() => this.#serving().freeze(...given))

  readonly unfreeze = (): Promise<void> => this.#command(() => this.#serving().unfreeze())

  readonly revert = (options: RevertOptions = {}): Promise<TransactionRecord> =>
    this.#command(() => this.#serving().revert(options))

  readonly retry = (): Promise<TransactionRecord> => this.#command(() => this.#serving().retry())

  readonly release = (options: ReleaseOptions = {}): Promise<void> =>
    this.#command(() => this.#serving().release(options.digest))

  readonly confirm = (transactionId: string): Promise<TransactionRecord> =>
    this.#command(() => this.#serving().confirm(transactionId))

  readonly plan = async (document: string, options: PlanOptions = {}): Promise<PlanReport> => {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    const { builder, followUps, phases, machine } = this.#engine
    const { clock } = this.#settings
    const deps = { clock, registry: this.#registry, store: this.#store, builder, followUps, phases }
    return this.#inContext(() => dryRun(document, options, { ...deps, degraded: machine.context.degraded }))
  }

  readonly subscribe = (
    select: (config: unknown) => unknown,
    listener: Listener,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): (() => void) => this.#engine.subscriptions.add({ select, listener }, signal)

  readonly transactions = (options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<TransactionRecord> =>
    this.#engine.recorder.stream(options.signal)

  readonly close = async ({ deadlineMs = CLOSE_DEADLINE_MS }: CloseOptions = {}): Promise<void> => {
    this.#engine.limitClose(checkMs('deadlineMs', deadlineMs, 1))
    await (this.#closing ?? this.#beginClose())
  }

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close()

  /** Makes a call of an operator. A rejection that nothing awaits must not end the process, so it is logged. */
  #command<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#inContext(async () => call())
    result.catch((error: unknown) => logRefusedCall(this.#settings.logger, error))
    return result
  }

  #beginClose(): Promise<void> {
    let end = (): void => {}
    // Set before any user code runs, since that may call close too, or anything that must then be refused.
    this.#closing = new Promise((resolve) => {
      end = resolve
    })
    void this.#inContext(() => this.#close()).finally(end)
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#startup?.fail(changeoverError('reloader.closed'))
    await new Promise<void>((resolve) => {
      this.#resolveClosed = resolve
      this.#engine.requestClose(this.#startup !== undefined)
    })
    this.#pendingCalls.reject('reloader.closed')
    this.#engine.recorder.close()
    this.#engine.events.announce({ kind: 'closed' })
  }

  #running(): Commands {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    if (this.#startup === undefined) throw changeoverError('reloader.not-started')
    return this.#commands
  }

  #serving(): Commands {
    // A first config that not all modules have taken may be rolled back: there is nothing to freeze or to return to.
    if (this.#closing === undefined && this.#startup?.hasServed !== true) throw changeoverError('reloader.not-started')
    return this.#running()
  }
}
