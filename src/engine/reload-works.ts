import type { ReloadContext, ReloadWork } from '../../machines/index.ts'
import { mustBeConfirmed } from '../../machines/reload/guards.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import type { HostCalls } from '../xstate/host-calls.ts'
import type { Report } from '../xstate/inspection.ts'
import type { WorkCall } from '../xstate/work-runner.ts'
import type { TransactionExecutor } from './transaction-executor.ts'

/** Hears what the reload machine has come to. */
export interface ReloadObserver {
  /** A config serves and all modules have taken it; a soak may still follow. */
  readonly onServing: () => void
  /** The machine has entered a state, at this wall-clock time. */
  readonly onState: (state: string, since: number) => void
  /** A transaction has its record. `leavesUntried` if a document still waits for another try. */
  readonly onFinished: (record: TransactionRecord, leavesUntried: boolean) => void
  readonly onClosed: () => void
}

export interface ReloadActorDeps {
  readonly settings: Settings
  readonly store: ServingStore
  readonly executor: TransactionExecutor
  /** Closes all that serves. */
  readonly closeAll: () => Promise<void>
  readonly observer: ReloadObserver
  readonly report: Report
  readonly calls: HostCalls
}

/** The work of each state: the executor does what the machine has decided, and answers with a verdict. */
export const reloadWorks: {
  readonly [Name in keyof ReloadWork]: (
    deps: ReloadActorDeps,
    context: ReloadContext,
    call: WorkCall,
  ) => ReloadWork[Name] | Promise<ReloadWork[Name]>
} = {
  readDocument: ({ executor }, { epoch, seen }, { signal }) => executor.fetch(epoch, seen, signal),
  validateDocument: ({ executor }, context, call) => executor.validate(context, call),
  journalAttempt: ({ executor }, context) => executor.journal(mustBeConfirmed(context)),
  prepareModules: ({ executor }, _, call) => executor.prepare(call),
  // One synchronous turn: nothing of the service runs between two modules.
  commitModules: ({ executor, store }) => {
    const { transaction } = executor
    const startMs = transaction.timings.elapsedMs()
    return executor.noteCommit(store.commit(transaction), startMs)
  },
  completeModules: ({ executor }) => executor.complete(),
  soakModules: ({ executor, observer }, _, { signal }) => {
    observer.onServing()
    return executor.soak(signal)
  },
  checkModules: ({ executor }, _, { signal }) => executor.soak(signal, true),
  promoteSnapshot: ({ executor, observer }) => {
    observer.onServing()
    return executor.promote()
  },
  rollBackModules: ({ executor }, { ending, hasServed, soakFailed }) =>
    executor.rollBack(ending, hasServed || soakFailed),
  closeModules: async ({ closeAll }) => {
    await closeAll()
    return undefined
  },
}
