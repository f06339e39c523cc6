import PQueue from 'p-queue'
import type { Cancellable } from '../async/deadline.ts'
import type { GenerationRecord } from '../modules/generation.ts'
import type { Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Slot } from '../modules/slot.ts'
import type { Settings } from '../settings/settings.ts'
import type { Step } from '../transaction/plan.ts'
import type { ModuleWork, Transaction } from '../transaction/transaction.ts'
import { Completion, type CompletionResult, type UndoFailure } from './completion.ts'
import type { ApplyDeps } from './deadlines.ts'
import { Preparation, type PrepareResult } from './preparation.ts'
import { Retirer } from './retirer.ts'
import { type SoakResult, soak } from './soak.ts'

/**
 * Runs the phases of a transaction over the modules. It decides nothing and writes nothing down: each phase returns its
 * result. The commit and the rollback of generations are the serving store's.
 */
export class Phases {
  readonly #store: ServingStore
  readonly #deps: ApplyDeps
  readonly #soak: Settings['soak']
  readonly #retirer: Retirer
  readonly #completion: Completion
  readonly #dryRuns = new Set<AbortController>()
  /** A dry run prepares modules too, and a module is prepared once at a time. */
  readonly #exclusive = new PQueue({ concurrency: 1 })
  readonly #preparationDeps: ConstructorParameters<typeof Preparation>[0]

  constructor(registry: Registry, store: ServingStore, deps: ApplyDeps, soakSettings: Settings['soak']) {
    this.#store = store
    this.#deps = deps
    this.#soak = soakSettings
    this.#retirer = new Retirer(registry, store, deps)
    this.#completion = new Completion(registry, deps)
    const queue = new PQueue({ concurrency: deps.concurrency })
    this.#preparationDeps = { apply: deps, registry, store, retirer: this.#retirer, queue }
  }

  /** Makes the next generation of every module that changes. Never rejects. */
  prepare(work: ModuleWork, call: Cancellable): PrepareResult | Promise<PrepareResult> {
    const preparation = new Preparation(this.#preparationDeps, work, call)
    if (this.#dryRuns.size > 0) {
      this.#stopDryRuns()
      return this.#exclusive.add(async () => preparation.run(), { priority: 1 })
    }
    const preparing = preparation.run()
    // A dry run that is asked for meanwhile waits.
    if (preparing instanceof Promise) void this.#exclusive.add(() => preparing)
    return preparing
  }

  /** Prepares as a transaction would, and closes all that was made. */
  async dryRun(work: ModuleWork): Promise<PrepareResult & { readonly wasStopped: boolean }> {
    const controller = new AbortController()
    this.#dryRuns.add(controller)
    const call = { onCancel: (cancel: () => void) => controller.signal.addEventListener('abort', cancel) }
    const preparation = new Preparation(this.#preparationDeps, work, call)
    const running = this.#exclusive
      .add(async () => preparation.run())
      .then(async (result) => {
        await this.#retirer.retire([...result.staged.values()])
        return result
      })
    this.#retirer.track(running)
    const result = await running
    this.#dryRuns.delete(controller)
    return { ...result, wasStopped: controller.signal.aborted }
  }

  /** A dry run never keeps a transaction or a close waiting. */
  #stopDryRuns(): void {
    for (const controller of this.#dryRuns) controller.abort()
  }

  complete(work: ModuleWork): Promise<CompletionResult> {
    return this.#completion.forward(work)
  }

  /** Checks what serves for the time of the soak; without an end until a check fails or the signal aborts. */
  soak(work: ModuleWork, signal: AbortSignal, isEndless: boolean): Promise<SoakResult> {
    const settings = isEndless ? { ...this.#soak, durationMs: Number.POSITIVE_INFINITY } : this.#soak
    const checking = soak(this.#store, this.#deps, settings, work, signal)
    this.#retirer.track(checking) // a check that is abandoned has its grace, and close waits for it
    return checking
  }

  /** Notes that what serves has soaked: its checks are not called again. */
  markSoaked(): void {
    for (const { serving } of this.#store.slots.values()) if (serving !== undefined) serving.hasSoaked = true
  }

  /** Undoes compensating modules, after the rollback of generations. */
  undo(work: ModuleWork, applied: readonly Step[]): Promise<readonly UndoFailure[]> {
    return this.#completion.back(work, applied)
  }

  /** Closes what a transaction leaves over: the replaced generations if it has held, otherwise its own. */
  retireLeftovers({ commit, staged, plan, timings }: Readonly<Transaction>): void {
    if (commit === undefined) {
      void this.#retirer.retire([...staged.values()], timings)
      return
    }
    const replaced = commit.switches.flatMap(({ from }) => from.serving ?? [])
    void this.#retirer.retire(replaced, timings)
    for (const step of plan.values()) {
      if (!step.slot.compensates || step.change !== 'off') continue
      const end = timings.start(step.module.name, 'close')
      const closing = this.#completion.close(step).then((failed) => {
        step.slot.lastClose = end(failed === undefined ? 'done' : 'failed')
      })
      this.#retirer.track(closing)
    }
  }

  /** Closes all that serves, in reverse dependency order, and waits for all that is closing. */
  async closeAll(): Promise<void> {
    this.#stopDryRuns()
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
}

/** True if its first apply was abandoned and still runs: the module is off, and yet to be closed. */
const isApplyPending = ({ pendingApply, closing }: Slot): boolean => pendingApply !== undefined && closing === undefined
