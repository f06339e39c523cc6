import { Engine } from '../engine/engine.ts'
import type {
  LeasedView,
  ModuleHandle,
  NoModules,
  PlanOptions,
  PlanReport,
  Reloader,
  ReleaseOptions,
  RevertOptions,
  StartOptions,
} from '../api/reloader.ts'
import { changeoverError } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { ReloaderOptions } from '../api/options.ts'
import { checkDeadlines, resolveOptions, type Settings } from '../settings/settings.ts'
import { registerObservation } from '../api/observed.ts'
import { Commands } from './commands.ts'
import { Registry, type UseLinks } from '../modules/registry.ts'
import { dryRun } from './dry-run.ts'
import { Startup } from './startup.ts'
import type { ReloaderStatus } from '../api/status.ts'
import { statusOf } from './status.ts'
import type { Slot } from '../modules/slot.ts'
import { ServingStore } from '../modules/serving-store.ts'
import type { Listener } from '../transaction/subscriptions.ts'
import { PendingCalls } from './pending-calls.ts'

/**
 * Makes a reloader. Add modules with `use`, then `start` it.
 *
 * @throws ChangeoverError `reloader.invalid-option` for a setting that cannot be
 */
export const createReloader = <Config>(options: ReloaderOptions<Config>): Reloader<Config, NoModules> =>
  // `use` adds each module to the type as it adds it here: the one place where the types trust the code.
  new ReloaderImpl(resolveOptions(options)) as unknown as Reloader<Config, NoModules>

interface Served {
  readonly config: unknown
}

/** Stands there until something serves. A test for it at each read would keep V8 from moving reads out of loops. */
const nothingServed: Served = {
  get config(): never {
    throw changeoverError('reloader.not-started')
  },
}

class ReloaderImpl {
  readonly modules: Record<string, ModuleHandle<unknown>> = {}
  readonly #settings: Settings
  readonly #registry = new Registry()
  /** What serves, beside the store: a read of `config` asks nothing and is as fast as one of a plain object. */
  #served: Served = nothingServed
  readonly #store = new ServingStore((config) => {
    this.#served = config === undefined ? nothingServed : { config }
  })
  readonly #engine: Engine
  readonly #waiters = new PendingCalls()
  readonly #operations: Commands
  #start: Startup | undefined
  #closing: Promise<void> | undefined
  #resolveClosed: () => void = () => {}

  constructor(settings: Settings) {
    this.#settings = settings
    this.#engine = new Engine(settings, this.#registry, this.#store, {
      onBegun: (epoch, trigger) => this.#waiters.claim(epoch, trigger),
      onServing: () => this.#start?.serve(),
      onFinished: (record, leavesUntried) => {
        this.#start?.conclude(record)
        this.#waiters.answer(record)
        if (!leavesUntried) this.#waiters.reject('reloader.nothing-to-retry', 'retry')
      },
      onFrozen: () => this.#waiters.reject('reloader.frozen', 'reload'),
      onClosed: () => this.#resolveClosed(),
    })
    this.#operations = new Commands(settings, this.#engine, this.#waiters)
    registerObservation(this, this.#engine.announcer.observation(this.status))
  }

  readonly use = (name: string, select: unknown, applier: unknown, links: UseLinks = {}): this => {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed', { module: name })
    if (this.#start !== undefined) throw changeoverError('reloader.already-started', { module: name })
    if (links.deadlines !== undefined) checkDeadlines(links.deadlines)
    const definition = this.#registry.add(name, select, applier, links)
    const slot = this.#store.add(definition)
    Object.defineProperty(this.modules, name, { value: this.#handleOf(slot), enumerable: true })
    return this
  }

  readonly start = async (options: StartOptions = {}): Promise<void> => {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    if (this.#start !== undefined) throw changeoverError('reloader.already-started')
    const start = new Startup(options, this.#settings.clock, () => this.#engine.follower.lastError)
    this.#start = start
    this.#engine.start()
    try {
      await start.served
    } catch (error) {
      await this.close()
      throw error
    }
  }

  get config(): unknown {
    return this.#served.config
  }

  readonly lease = async <T>(task: (view: LeasedView<object, object>) => T | Promise<T>): Promise<T> => {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    const { view } = this.#store
    if (view === undefined) throw changeoverError('reloader.not-started')
    const { instances, release } = this.#store.lease(view)
    try {
      return await task({ config: view.snapshot.config as object, modules: instances })
    } finally {
      release()
    }
  }

  readonly status = (): ReloaderStatus => statusOf(this.#engine, this.#store)

  readonly reload = async (): Promise<TransactionRecord> => this.#running().reload()

  readonly freeze = async (reason: string): Promise<void> => this.#serving().freeze(reason)

  readonly unfreeze = async (): Promise<void> => this.#serving().unfreeze()

  readonly revert = async (options: RevertOptions = {}): Promise<TransactionRecord> => this.#serving().revert(options)

  readonly retry = async (): Promise<TransactionRecord> => this.#serving().retry()

  readonly release = async (options: ReleaseOptions = {}): Promise<void> => this.#serving().release(options.digest)

  readonly confirm = async (transactionId: string): Promise<TransactionRecord> => this.#serving().confirm(transactionId)

  readonly plan = async (document: string, options: PlanOptions = {}): Promise<PlanReport> => {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    return dryRun(document, options, this.#settings, this.#registry, this.#store, this.#engine)
  }

  readonly subscribe = (
    select: (config: unknown) => unknown,
    listener: Listener,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): (() => void) => this.#engine.subscribers.add({ select, listener }, signal)

  readonly transactions = ({
    signal,
  }: {
    readonly signal?: AbortSignal
  } = {}): AsyncIterableIterator<TransactionRecord> => this.#engine.journal.stream(signal)

  readonly close = (): Promise<void> => {
    this.#closing ??= this.#close()
    return this.#closing
  }

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close()

  #handleOf(slot: Slot): ModuleHandle<unknown> {
    return {
      get current() {
        return slot.serving?.generation.instance
      },
      use: async (task) => {
        if (this.#closing !== undefined) throw changeoverError('reloader.closed', { module: slot.name })
        return slot.serving === undefined ? task(undefined) : slot.serving.use(task)
      },
    }
  }

  async #close(): Promise<void> {
    this.#start?.fail(changeoverError('reloader.closed'))
    await new Promise<void>((resolve) => {
      this.#resolveClosed = resolve
      this.#engine.requestClose(this.#start !== undefined)
    })
    this.#waiters.reject('reloader.closed')
    this.#engine.journal.close()
    this.#engine.announcer.announce({ kind: 'closed' })
  }

  #running(): Commands {
    if (this.#closing !== undefined) throw changeoverError('reloader.closed')
    if (this.#start === undefined) throw changeoverError('reloader.not-started')
    return this.#operations
  }

  #serving(): Commands {
    // A first config that is not taken by all modules yet may be taken back: there is nothing to hold or to return to.
    if (this.#closing === undefined && this.#start?.hasServed !== true) throw changeoverError('reloader.not-started')
    return this.#running()
  }
}
