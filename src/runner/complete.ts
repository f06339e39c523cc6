import type { CompensatingApplier } from '../applier.ts'
import { bounded } from '../bounded.ts'
import { type Failure, failure } from '../model/errors.ts'
import type { Registry } from '../registry.ts'
import { inOrder } from './order.ts'
import type { Runtime } from './runtime.ts'
import type { Step, Transaction } from './transaction.ts'

const applierOf = ({ module }: Step) => module.applier as CompensatingApplier<unknown>

/**
 * Calls the compensating modules of a transaction after its tick, forward in dependency order and back in reverse.
 */
export class Completion {
  readonly #registry: Registry
  readonly #runtime: Runtime
  /** Called when a call that was given up has ended after all. */
  readonly #onSettled: () => void

  constructor(registry: Registry, runtime: Runtime, onSettled: () => void) {
    this.#registry = registry
    this.#runtime = runtime
    this.#onSettled = onSettled
  }

  /** True where all of them have applied the new slice. Stops at the first that has not. */
  async forward(transaction: Transaction): Promise<boolean> {
    let isStopped = false
    await inOrder(
      this.#registry.order,
      ({ after }) => after,
      ({ name }) => {
        const step = transaction.plan.get(name)
        // One that is switched off is closed only when the transaction has held.
        if (step === undefined || !step.slot.compensates || step.change === 'off') return undefined
        return async () => {
          if (isStopped) return
          transaction.applied.push(step)
          const failed = await this.#call(transaction, step, 'forward')
          if (failed === undefined) return
          isStopped = true
          transaction.fail(failed)
        }
      },
    )
    return !isStopped
  }

  /** Undoes what was applied, the one that failed included; says which modules could not be undone. */
  async back(transaction: Transaction): Promise<readonly string[]> {
    const applied = new Map(transaction.applied.map((step) => [step.module.name, step]))
    if (applied.size === 0) return []
    const notBack: string[] = []
    await inOrder(
      [...this.#registry.order].reverse(),
      ({ name }) => this.#registry.dependentsOf(name),
      ({ name }) => {
        const step = applied.get(name)
        if (step === undefined) return undefined
        return async () => {
          const failed = await this.#undo(transaction, step)
          if (failed === undefined) return
          notBack.push(name)
          transaction.fail(failed)
        }
      },
    )
    return notBack
  }

  /** Releases a compensating module that is off, or whose reloader closes. Never rejects. */
  async close(step: Pick<Step, 'module' | 'slot'>): Promise<void> {
    const { clock, deadlinesOf, report } = this.#runtime
    const applier = step.module.applier as CompensatingApplier<unknown>
    const { closeMs } = deadlinesOf(step.module)
    const place = { module: step.module.name, phase: 'close' } as const
    const ended = await bounded(() => applier.close?.(), { clock, deadlineMs: closeMs, graceMs: 0 }).result
    if (ended.kind === 'failed') report(failure('module.close-failed', place, ended.error))
    else if (ended.kind !== 'done') report(failure('module.close-timeout', place))
  }

  async #undo(transaction: Transaction, step: Step): Promise<Failure | undefined> {
    const place = { module: step.module.name, phase: 'undo', ...transaction.revision } as const
    if (step.slot.pendingApply) return failure('module.unsettled', place)
    if (step.previous !== undefined) return this.#call(transaction, step, 'back')
    // Its very first apply: there is nothing to go back to but nothing.
    await this.close(step)
    return undefined
  }

  async #call(transaction: Transaction, step: Step, direction: 'forward' | 'back'): Promise<Failure | undefined> {
    const { slot, module, next, previous } = step
    const { clock, deadlinesOf } = this.#runtime
    const { applyMs, graceMs } = deadlinesOf(module)
    const phase = direction === 'forward' ? 'complete' : 'undo'
    const end = transaction.time(module.name, phase)
    const [to, from] = direction === 'forward' ? [next, previous] : [previous, next]
    const { result } = bounded(
      (signal) => applierOf(step).apply(to, from, { module: module.name, direction, signal, clock }),
      {
        clock,
        deadlineMs: applyMs,
        graceMs,
        onLate: () => {
          if (!slot.pendingApply) return
          slot.pendingApply = false
          this.#onSettled()
        },
      },
    )
    const ended = await result
    end(ended.kind)
    const place = { module: module.name, phase, ...transaction.revision } as const
    if (ended.kind === 'done') return undefined
    if (ended.kind === 'failed') {
      return failure(direction === 'forward' ? 'module.apply-failed' : 'module.undo-failed', place, ended.error)
    }
    slot.pendingApply = !ended.settled
    const code = direction === 'forward' ? 'module.apply-timeout' : 'module.undo-timeout'
    return failure(code, { ...place, detail: `${applyMs} ms` })
  }
}
