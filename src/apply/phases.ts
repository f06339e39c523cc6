import PQueue from 'p-queue'
import type { Cancellable } from '../async/deadline.ts'
import { failure } from '../model/failure.ts'
import type { Settings } from '../settings/settings.ts'
import type { Registry } from '../modules/registry.ts'
import type { GenerationRecord } from '../modules/generation.ts'
import type { Slot } from '../modules/slot.ts'
import type { ServingStore, ModuleSwitch, RollbackFailure } from '../modules/serving-store.ts'
import { Completion } from './completion.ts'
import { Preparation } from './preparation.ts'
import { Retirer } from './retirement.ts'
import type { ApplyDeps } from './deadlines.ts'
import { soak } from './soak.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Runs the phases of a transaction over the modules. It decides nothing: each phase says only how it went. */
export class Phases {
  readonly #registry: Registry
  readonly #store: ServingStore
  readonly #runtime: ApplyDeps
  readonly #soak: Settings['soak']
  readonly #retirer: Retirer
  readonly #completion: Completion
  readonly #rehearsals = new Set<AbortController>()
  /** A dry run prepares modules too, and a module is prepared once at a time. */
  readonly #exclusive = new PQueue({ concurrency: 1 })
  readonly #lanes: PQueue

  constructor(registry: Registry, store: ServingStore, runtime: ApplyDeps, soakOptions: Settings['soak']) {
    this.#registry = registry
    this.#store = store
    this.#runtime = runtime
    this.#lanes = new PQueue({ concurrency: runtime.concurrency })
    this.#soak = soakOptions
    this.#retirer = new Retirer(registry, store, runtime)
    this.#completion = new Completion(registry, runtime)
  }

  /** True where every module has its next generation. */
  prepare(transaction: Transaction, call: Cancellable): Promise<boolean> {
    this.#stopRehearsals()
    return this.#prepare(transaction, call, 1)
  }

  #prepare(transaction: Transaction, call: Cancellable, priority: number): Promise<boolean> {
    const parts = { runtime: this.#runtime, retirer: this.#retirer }
    const preparation = new Preparation(this.#registry, this.#store, parts, this.#lanes, transaction)
    call.onCancel(() => preparation.stop())
    const running = this.#exclusive.add(() => preparation.run(), { priority })
    transaction.preparing = running
    return running
  }

  /** Prepares as a transaction would, and closes all that was made. */
  async rehearse(transaction: Transaction): Promise<boolean> {
    const controller = new AbortController()
    this.#rehearsals.add(controller)
    const stopped = { onCancel: (stop: () => void) => controller.signal.addEventListener('abort', stop) }
    const rehearsing = this.#prepare(transaction, stopped, 0).then(async (isPrepared) => {
      await this.#retirer.retire([...transaction.staged.values()])
      return isPrepared
    })
    this.#retirer.track(rehearsing)
    const isPrepared = await rehearsing
    this.#rehearsals.delete(controller)
    if (controller.signal.aborted) transaction.fail(failure('reloader.plan-stopped'))
    return isPrepared
  }

  /** A dry run never keeps a transaction or a close waiting. */
  #stopRehearsals(): void {
    for (const controller of this.#rehearsals) controller.abort()
  }

  /** Waits until a prepare that was given up has ended, or its grace has. */
  async awaitAbandonedPrepare(transaction: Transaction): Promise<void> {
    await transaction.preparing
  }

  /** The one tick. False where a commit threw: all is swapped back already when it returns. */
  commit(transaction: Transaction): boolean {
    const { snapshot, plan, staged } = transaction
    if (snapshot === undefined) throw new Error('A commit before a snapshot')
    const swaps = [...plan.values()].map(
      ({ slot, next }): ModuleSwitch => ({
        slot,
        from: { serving: slot.serving, slice: slot.slice },
        to: { serving: next === undefined ? undefined : staged.get(slot.name), slice: next },
      }),
    )
    const previousView = this.#store.view
    const startMs = transaction.elapsedMs()
    const verdict = this.#store.commit(swaps, snapshot)
    const endMs = transaction.elapsedMs()
    const thrower = verdict.kind === 'failed' ? verdict.failure.module : undefined
    for (const { slot } of swaps) {
      transaction.note(slot.name, 'commit', startMs, endMs, slot.name === thrower ? 'failed' : 'done')
      if (slot.name === thrower) break // those after it were not called
    }
    if (verdict.kind === 'failed') {
      transaction.fail(verdict.failure)
      this.#noteNotBack(transaction, verdict.rollbackFailures)
      return false
    }
    transaction.switches = swaps
    transaction.previousView = previousView
    transaction.isCommitted = true
    return true
  }

  complete(transaction: Transaction): Promise<boolean> {
    return this.#completion.forward(transaction)
  }

  soak(transaction: Transaction, signal: AbortSignal): Promise<boolean> {
    const soaking = soak(this.#store, this.#runtime, this.#soak, transaction, signal)
    this.#retirer.track(soaking) // a check that is given up has its grace, and close waits for it
    return soaking
  }

  /** Goes on asking what the soak asks, until it fails (false) or the signal aborts. */
  check(transaction: Transaction, signal: AbortSignal): Promise<boolean> {
    const checking = soak(
      this.#store,
      this.#runtime,
      { ...this.#soak, durationMs: Number.POSITIVE_INFINITY },
      transaction,
      signal,
    )
    this.#retirer.track(checking)
    return checking
  }

  /** What serves has proved itself: its checks are not asked again. */
  prove(): void {
    for (const { serving } of this.#store.slots.values()) if (serving !== undefined) serving.hasSoaked = true
  }

  /** The one tick back, where there was one forward; what was swapped out serves again. */
  rollBack(transaction: Transaction): void {
    if (!transaction.isCommitted) return
    const { switches: swaps } = transaction
    const startMs = transaction.elapsedMs()
    const rollbackFailures = this.#store.rollBack(swaps, transaction.previousView)
    const endMs = transaction.elapsedMs()
    for (const { slot } of swaps) {
      const isBack = !rollbackFailures.some(({ module }) => module === slot.name)
      transaction.note(slot.name, 'rollback', startMs, endMs, isBack ? 'done' : 'failed')
    }
    transaction.isCommitted = false
    transaction.switches = []
    this.#noteNotBack(transaction, rollbackFailures)
  }

  /** Undoes compensating modules after the swap back; answers the modules that may not serve the config. */
  async undo(transaction: Transaction): Promise<readonly string[]> {
    const notUndone = await this.#completion.back(transaction)
    return [...new Set([...transaction.rollbackFailures, ...notUndone])]
  }

  /** Gives back what the transaction leaves over: the replaced generations where it has held, its own where not. */
  finish(transaction: Transaction): void {
    if (!transaction.isCommitted) {
      void this.#retirer.retire([...transaction.staged.values()], transaction)
      return transaction.forget()
    }
    const replaced = transaction.switches.flatMap(({ from }) => from.serving ?? [])
    void this.#retirer.retire(replaced, transaction)
    for (const step of transaction.plan.values()) {
      if (!step.slot.compensates || step.change !== 'off') continue
      const end = transaction.time(step.module.name, 'close')
      this.#retirer.track(this.#completion.close(step).then((failed) => end(failed === undefined ? 'done' : 'failed')))
    }
    transaction.forget()
  }

  /** Closes all that serves, in reverse dependency order, and waits for all that is closing. */
  async closeAll(): Promise<void> {
    this.#stopRehearsals()
    const serving: GenerationRecord[] = []
    for (const slot of [...this.#store.slots.values()].reverse()) {
      if (slot.serving !== undefined) serving.push(slot.serving)
      else if (slot.compensates && (slot.slice !== undefined || isApplyPending(slot))) {
        await this.#completion.close({ slot, module: slot.definition })
      }
    }
    await this.#retirer.retire(serving)
    await this.#retirer.settled()
  }

  #noteNotBack(transaction: Transaction, rollbackFailures: readonly RollbackFailure[]): void {
    for (const { module, failure: thrown } of rollbackFailures) {
      transaction.fail(thrown)
      transaction.rollbackFailures.push(module)
    }
  }
}

/** Its first apply was given up and still runs: it is off, and yet to be closed. */
const isApplyPending = ({ pendingApply, closing }: Slot): boolean => pendingApply !== undefined && closing === undefined
