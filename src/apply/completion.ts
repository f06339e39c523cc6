import PQueue from 'p-queue'
import type { CompensatingApplier } from '../api/applier.ts'
import { type CallResult, type DeadlineContext, type Limits, withDeadline } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { Registry } from '../modules/registry.ts'
import type { Slot } from '../modules/slot.ts'
import type { Step } from '../transaction/plan.ts'
import type { ModuleWork } from '../transaction/transaction.ts'
import type { ApplyDeps } from './deadlines.ts'
import { inOrder } from './dependency-order.ts'

export interface CompletionResult {
  /** The modules that were called, in order. */
  readonly applied: readonly Step[]
  /** Empty if all of them have applied their slice; first cause first. */
  readonly failures: readonly Failure[]
}

/** An undo that failed, with the module that may now serve something else. */
export interface UndoFailure {
  readonly module: string
  readonly failure: Failure
}

type CompensatingStep = Pick<Step, 'module' | 'slot'>

const applierOf = ({ module }: CompensatingStep) => module.applier as CompensatingApplier<unknown>

/** Calls the compensating modules of a transaction after its commit: forward in dependency order, back in reverse. */
export class Completion {
  readonly #registry: Registry
  readonly #deps: ApplyDeps

  constructor(registry: Registry, deps: ApplyDeps) {
    this.#registry = registry
    this.#deps = deps
  }

  /** Applies the new slices; stops at the first that fails. Never rejects. */
  async forward(work: ModuleWork): Promise<CompletionResult> {
    const queue = new PQueue({ concurrency: this.#deps.concurrency })
    const applied: Step[] = []
    const failures: Failure[] = []
    await inOrder(
      this.#registry.order,
      ({ after }) => after,
      ({ name }) => {
        const step = work.plan.get(name)
        // A module that is switched off is closed only once the transaction has held.
        if (step === undefined || !step.slot.compensates || step.change === 'off') return undefined
        const apply = async (): Promise<void> => {
          if (failures.length > 0) return
          applied.push(step)
          const failed = await this.#call(work, step, 'forward')
          if (failed !== undefined) failures.push(failed)
        }
        return () => queue.add(apply)
      },
    )
    return { applied, failures }
  }

  /** Undoes what was applied, the one that failed included. Never rejects. */
  async back(work: ModuleWork, steps: readonly Step[]): Promise<readonly UndoFailure[]> {
    if (steps.length === 0) return []
    const applied = new Map(steps.map((step) => [step.module.name, step]))
    const failures: UndoFailure[] = []
    await inOrder(
      [...this.#registry.order].reverse(),
      ({ name }) => this.#registry.dependentsOf(name),
      ({ name }) => {
        const step = applied.get(name)
        if (step === undefined) return undefined
        return async () => {
          const failed = await this.#undo(work, step)
          if (failed !== undefined) failures.push({ module: name, failure: failed })
        }
      },
    )
    return failures
  }

  /** Releases a compensating module that is off, or whose reloader closes. Never rejects; a failure is reported too. */
  close(step: CompensatingStep): Promise<Failure | undefined> {
    const closing = this.#close(step)
    step.slot.closing = closing
    return closing
  }

  async #close(step: CompensatingStep): Promise<Failure | undefined> {
    const { slot, module } = step
    const { closeClock, deadlines, report } = this.#deps
    const { pendingApply } = slot
    const limits = { clock: closeClock, deadlineMs: deadlines.of(module).closeMs, graceMs: 0 }
    const ended = await this.#run(slot, limits, async () => {
      await pendingApply
      await applierOf(step).close?.()
    })
    if (ended.kind === 'done') return undefined
    const place = { module: module.name, phase: 'close' } as const
    const failed =
      ended.kind === 'failed'
        ? failure('module.close-failed', place, ended.error)
        : failure('module.close-timeout', place)
    report(failed)
    return failed
  }

  async #undo(work: ModuleWork, step: Step): Promise<Failure | undefined> {
    const place = { module: step.module.name, phase: 'undo', ...work.revision } as const
    if (step.slot.pendingApply !== undefined) return failure('module.unsettled', place)
    if (step.previous !== undefined) return this.#call(work, step, 'back')
    // First apply: there is no previous slice to restore, so close.
    return this.close(step)
  }

  async #call(work: ModuleWork, step: Step, direction: 'forward' | 'back'): Promise<Failure | undefined> {
    const { slot, module, next, previous } = step
    const { deadlines, guards } = this.#deps
    const { clock } = guards.of(module.name)
    const { applyMs, graceMs } = deadlines.of(module)
    const phase = direction === 'forward' ? 'complete' : 'undo'
    const place = { module: module.name, phase, ...work.revision } as const
    // Off and on again: a module that changes in place has one call at a time.
    await slot.closing
    if (slot.pendingApply !== undefined) return failure('module.unsettled', place)
    slot.closing = undefined
    const end = work.timings.start(module.name, phase)
    const [to, from] = direction === 'forward' ? [next, previous] : [previous, next]
    const limits = { clock: this.#deps.clock, deadlineMs: applyMs, graceMs }
    const ended = await this.#run(slot, limits, ({ signal }) =>
      applierOf(step).apply(to, from, { module: module.name, direction, signal, clock }),
    )
    end(ended.kind)
    if (ended.kind === 'done') return undefined
    if (ended.kind === 'failed') {
      return failure(direction === 'forward' ? 'module.apply-failed' : 'module.undo-failed', place, ended.error)
    }
    const code = direction === 'forward' ? 'module.apply-timeout' : 'module.undo-timeout'
    return failure(code, { ...place, detail: `${applyMs} ms` })
  }

  /** Calls the module. A call that is abandoned and runs on is noted: no other is made before it has ended. */
  async #run(
    slot: Slot,
    limits: Limits,
    body: (context: DeadlineContext) => Promise<void> | void,
  ): Promise<CallResult<void>> {
    let resolve: () => void = () => {}
    let isOver = false
    const over = new Promise<void>((done) => {
      resolve = done
    })
    const onLate = (): void => {
      isOver = true
      resolve()
      if (slot.pendingApply !== over) return
      slot.pendingApply = undefined
      this.#deps.onSettled()
    }
    const onListenerError = this.#deps.guards.of(slot.name).report
    const ended = await withDeadline(body, { ...limits, onLate, onListenerError }).result
    if ('settled' in ended && !isOver) slot.pendingApply = over
    return ended
  }
}
