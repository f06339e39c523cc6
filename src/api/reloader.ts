import type { Applier, CompensatingApplier } from './applier.ts'
import type {
  ChangeContext,
  CloseOptions,
  FreezeOptions,
  PlanOptions,
  PlanReport,
  ReleaseOptions,
  ReloadOptions,
  RevertOptions,
  StartOptions,
  SubscribeOptions,
} from './call-options.ts'
import type { Explanation } from './explanation.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { DeepReadonly } from '../model/schema.ts'
import type {
  ApplierTraits,
  InstanceOf,
  KindOf,
  LeasedView,
  Links,
  ModuleHandles,
  NeedsCheck,
  NeedsLinks,
  NeedsOf,
  NewName,
  NoModules,
  SliceOf,
  UndeclaredNeeds,
} from './modules.ts'
import type { ReloaderStatus } from './status.ts'

/** Changes the configuration of a service as one transaction. `createReloader` makes it. */
export interface Reloader<Config, M = NoModules> {
  /**
   * Adds a module. `select` returns the slice of the config that the module follows, and `undefined` to switch it off.
   * `after` and `needs` name modules that were added before, so there are no cycles. Returns the reloader.
   *
   * @throws ChangeoverError `reloader.invalid-option`, `reloader.duplicate-module`, `reloader.unknown-module`,
   * `reloader.compensating-dependency`, `reloader.applier-reused`, `reloader.already-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * const service = reloader
   *   .use('db', (config) => config.db, pgPool())
   *   .use('cache', (config) => config.cache, timer(refreshCache), { after: ['db'] })
   * ```
   */
  readonly use: <
    const Name extends string,
    const Selected,
    Instance,
    const Named extends NeedsLinks<M> = NoModules,
    Needs = UndeclaredNeeds,
    Kind extends 'generation' | 'compensating' = 'generation' | 'compensating',
  >(
    name: NewName<M, Name>,
    select: (config: DeepReadonly<Config>) => Selected,
    applier: NeedsCheck<Kind, Needs, NoInfer<Named>> &
      ApplierTraits<Kind, Needs> &
      (Applier<SliceOf<Selected>, Instance, NeedsOf<M, NoInfer<Named>>> | CompensatingApplier<SliceOf<Selected>>),
    links?: Links<M, Kind, Instance, Named>,
  ) => Reloader<
    Config,
    M & Record<Name, { readonly instance: InstanceOf<Kind, Selected, Instance>; readonly kind: KindOf<Kind> }>
  >
  /**
   * Reads the document, starts to follow the source, and resolves at the first commit. Waits for an unreachable source
   * until `signal` aborts or `deadlineMs` has passed. The reloader is closed before the promise rejects.
   *
   * @throws ChangeoverError with the first failure's code if the first document is rejected or rolled back; else
   * `reloader.start-timeout`, `reloader.start-aborted`, `reloader.invalid-option`, `reloader.already-started`,
   * `reloader.closed`
   *
   * @example
   * ```ts
   * await reloader.start({ signal: AbortSignal.timeout(30_000) })
   * ```
   */
  readonly start: (options?: StartOptions) => Promise<void>
  /**
   * The serving config: frozen plain data.
   *
   * @throws ChangeoverError `reloader.not-started` before the first commit
   */
  readonly config: DeepReadonly<Config>
  /** The modules, by name. */
  readonly modules: ModuleHandles<M>
  /**
   * Runs the task with the serving config and the instances that serve it. They stay the same until the task ends, and
   * stay open until then, but not longer than `deadlines.leaseMs` after they were replaced.
   *
   * @throws ChangeoverError `reloader.not-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * await reloader.lease(({ config, modules }) => renderPage(config.page, modules.db.current))
   * ```
   */
  readonly lease: <T>(task: (view: LeasedView<Config, M>) => T | Promise<T>) => Promise<T>
  /** Returns the state of the reloader, its source and its modules: plain data without config values. Never waits. */
  readonly status: () => ReloaderStatus
  /**
   * Says where a value of the serving config comes from: the winner, and every layer below it, with its file and line, key or
   * variable. A value is shown only if its path is public. Give an array for keys with dots. Nothing has an unknown path.
   *
   * @throws ChangeoverError `reloader.not-started`, `reloader.invalid-option`
   */
  readonly explain: (path: string | readonly (string | number)[]) => Explanation
  /**
   * Reads the source now, and tries what it holds even if that is quarantined. Resolves with the record of the first
   * transaction whose read began after the call, whatever its outcome. A rejection that nothing awaits is logged.
   *
   * @throws ChangeoverError `reloader.frozen`, `reloader.invalid-option`, `reloader.not-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * const { outcome } = await reloader.reload()
   * ```
   */
  readonly reload: (options?: ReloadOptions) => Promise<TransactionRecord>
  /**
   * Prepares the named modules again, or all of them, although nothing in their config has changed: after a rotation of a
   * certificate, a key or a password file that the config names. Applies the newest document with them; if the source
   * cannot be read or changes are frozen, the config that serves. If a module fails, all keep what they have, and it is
   * tried again with back-off.
   *
   * @throws ChangeoverError `reloader.no-such-module`, `reloader.not-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * await reloader.refresh('db')
   * ```
   */
  readonly refresh: (...modules: readonly (keyof M & string)[]) => Promise<TransactionRecord>
  /**
   * Pauses all changes until `unfreeze`. The source is still read, and `status().frozen` shows the revision that waits.
   * A transaction that has not committed is aborted; one that has committed finishes. The reason and the name are logged,
   * shown in `status()` and stored with `lastKnownGood`, so they must not be secrets. 500 characters of each are kept. Resolves
   * once the freeze is in force and stored.
   *
   * @throws ChangeoverError `reloader.invalid-option`, `reloader.not-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * await reloader.freeze('database migration', { by: 'Ada' })
   * ```
   */
  readonly freeze: (reason: string, options?: FreezeOptions) => Promise<void>
  /**
   * Resumes changes: the newest document of the source is applied. Does nothing if changes are not frozen.
   *
   * @throws ChangeoverError `reloader.not-started`, `reloader.closed`
   */
  readonly unfreeze: () => Promise<void>
  /**
   * Freezes changes and applies an earlier good document as a normal transaction, with validation and soak. A
   * transaction that soaks is rolled back first. If two reverts are pending, only the later one runs; both resolve with
   * its record.
   *
   * @throws ChangeoverError `reloader.no-such-good`, `reloader.not-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * await reloader.revert({ to: '4711' })
   * ```
   */
  readonly revert: (options?: RevertOptions) => Promise<TransactionRecord>
  /**
   * Tries the newest document again at once although it is quarantined. If it fails again, it is quarantined for longer.
   *
   * @throws ChangeoverError `reloader.nothing-to-retry`, `reloader.frozen`, `reloader.not-started`, `reloader.closed`
   */
  readonly retry: () => Promise<TransactionRecord>
  /**
   * Removes a config, or all of them, from the quarantine, and tries the newest document if it was one of them.
   *
   * @throws ChangeoverError `reloader.not-started`, `reloader.closed`
   */
  readonly release: (options?: ReleaseOptions) => Promise<void>
  /**
   * Confirms the transaction that awaits a confirmation, and resolves with its record. `status().confirmation` has its
   * id.
   *
   * @throws ChangeoverError `confirm.refused` if no transaction with this id awaits a confirmation, or no longer;
   * `reloader.not-started`, `reloader.closed`
   *
   * @example
   * ```ts
   * const waiting = reloader.status().confirmation
   * if (waiting !== undefined) await reloader.confirm(waiting.transaction)
   * ```
   */
  readonly confirm: (transactionId: string) => Promise<TransactionRecord>
  /**
   * Makes a dry run: parses and validates a document, asks the policies, and reports what would change. A rejected
   * document is a report with failures.
   *
   * @throws ChangeoverError `reloader.closed`
   *
   * @example
   * ```ts
   * const report = await reloader.plan(await readFile('next.json', 'utf8'), { prepare: true })
   * if (report.verdict === 'rejected' || report.verdict === 'failed') console.error(report.failures)
   * ```
   */
  readonly plan: (document: string, options?: PlanOptions) => Promise<PlanReport>
  /**
   * Calls the listener right after each commit and each rollback that changed what `select` returns. An error of either
   * is reported as `listener.failed` and changes nothing. Returns the function that ends the subscription.
   *
   * @example
   * ```ts
   * reloader.subscribe((config) => config.log.level, (level) => console.log(`The level is now ${level}`))
   * ```
   */
  readonly subscribe: <T>(
    select: (config: DeepReadonly<Config>) => T,
    listener: (next: T | undefined, previous: T | undefined, context: ChangeContext) => unknown,
    options?: SubscribeOptions,
  ) => () => void
  /**
   * Yields the record of each transaction from now on, until `close`, the signal or `return` ends it. Keeps the last
   * 1,000 for a slow consumer.
   *
   * @example
   * ```ts
   * for await (const record of reloader.transactions()) console.log(timedTree(record))
   * ```
   */
  readonly transactions: (options?: { readonly signal?: AbortSignal }) => AsyncIterableIterator<TransactionRecord>
  /**
   * Aborts a transaction that has not committed, drains and closes every generation in reverse dependency order, and
   * closes the source, all within the deadline. What does not end in time is reported as `module.close-timeout` or
   * `reloader.close-timeout`, and abandoned. A later call joins the close, and may shorten it.
   *
   * @throws ChangeoverError `reloader.invalid-option`, and nothing else
   *
   * @example
   * ```ts
   * await reloader.close({ deadlineMs: 55_000 })
   * ```
   */
  readonly close: (options?: CloseOptions) => Promise<void>
  /** Closes the reloader at the end of an `await using` block. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
