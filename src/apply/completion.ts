import PQueue from 'p-queue'
import type { CompensatingApplier } from '../api/applier.ts'
import { type CallResult, type DeadlineContext, withDeadline } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { Registry } from '../modules/registry.ts'
import type { Slot } from '../modules/slot.ts'
import { inOrder } from './dependency-order.ts'
import type { ApplyDeps } from './deadlines.ts'
import type { Step, Transaction } from '../transaction/transaction.ts'

const applierOf = ({ module }: Step) => module.applier as CompensatingApplier<unknown>

/**
 * Calls the compensating modules of a transaction after its tick, forward in dependency order and back in reverse.
 */
export class Completion {
  readonly #registry: Registry
  readonly #runtime: ApplyDeps

  constructor(registry: Registry, runtime: ApplyDeps) {
    this.#registry = registry
    this.#runtime = runtime
  }

  /** True where all of them have applied the new slice. Stops at the first that has not. */
  async forward(transaction: Transaction): Promise<boolean> {
    const queue = new PQueue({ concurrency: this.#runtime.concurrency })
    let isStopped = false
    await inOrder(
      this.#registry.order,
      ({ after }) => after,
      ({ name }) => {
        const step = transaction.plan.get(name)
        // One that is switched off is closed only when the transaction has held.
        if (step === undefined || !step.slot.compensates || step.change === 'off') return undefined
        const apply = async (): Promise<void> => {
          if (isStopped) return
          transaction.applied.push(step)
          const failed = await this.#call(transaction, step, 'forward')
          if (failed === undefined) return
          isStopped = true
          transaction.fail(failed)
        }
        return () => queue.add(apply)
      },
    )
    return !isStopped
  }

  /** Undoes what was applied, the one that failed included; says which modules could not be undone. */
  async back(transaction: Transaction): Promise<readonly string[]> {
    const applied = new Map(transaction.applied.map((step) => [step.module.name, step]))
    if (applied.size === 0) return []
    const rollbackFailures: string[] = []
    await inOrder(
      [...this.#registry.order].reverse(),
      ({ name }) => this.#registry.dependentsOf(name),
      ({ name }) => {
        const step = applied.get(name)
        if (step === undefined) return undefined
        return async () => {
          const failed = await this.#undo(transaction, step)
          if (failed === undefined) return
          rollbackFailures.push(name)
          transaction.fail(failed)
        }
      },
    )
    return rollbackFailures
  }

  /** Releases a compensating module that is off, or whose reloader closes. Never rejects; what went wrong is reported too. */
  close(step: Pick<Step, 'module' | 'slot'>): Promise<Failure | undefined> {
    const closing = this.#close(step)
    step.slot.closing = closing
    return closing
  }

  async #close({ slot, module }: Pick<Step, 'module' | 'slot'>): Promise<Failure | undefined> {
    const { deadlinesOf, report } = this.#runtime
    const applier = module.applier as CompensatingApplier<unknown>
    const { pendingApply } = slot
    const ended = await this.#run(slot, deadlinesOf(module).closeMs, 0, async () => {
      await pendingApply
      await applier.close?.()
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

  async #undo(transaction: Transaction, step: Step): Promise<Failure | undefined> {
    const place = { module: step.module.name, phase: 'undo', ...transaction.revision } as const
    if (step.slot.pendingApply !== undefined) return failure('module.unsettled', place)
    if (step.previous !== undefined) return this.#call(transaction, step, 'back')
    // Its very first apply: there is nothing to go back to but nothing.
    return this.close(step)
  }

  async #call(transaction: Transaction, step: Step, direction: 'forward' | 'back'): Promise<Failure | undefined> {
    const { slot, module, next, previous } = step
    const { clock, deadlinesOf } = this.#runtime
    const { applyMs, graceMs } = deadlinesOf(module)
    const phase = direction === 'forward' ? 'complete' : 'undo'
    const place = { module: module.name, phase, ...transaction.revision } as const
    // Off and on again: in place means one call at a time.
    await slot.closing
    if (slot.pendingApply !== undefined) return failure('module.unsettled', place)
    slot.closing = undefined
    const end = transaction.time(module.name, phase)
    const [to, from] = direction === 'forward' ? [next, previous] : [previous, next]
    const ended = await this.#run(slot, applyMs, graceMs, ({ signal }) =>
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

  /** Calls the module. One that is given up and runs on is noted: nothing more is called before it has ended. */
  async #run(
    slot: Slot,
    deadlineMs: number,
    graceMs: number,
    body: (bounds: DeadlineContext) => Promise<void> | void,
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
      this.#runtime.onSettled()
    }
    const ended = await withDeadline(body, { clock: this.#runtime.clock, deadlineMs, graceMs, onLate }).result
    if ('settled' in ended && !isOver) slot.pendingApply = over
    return ended
  }
}
