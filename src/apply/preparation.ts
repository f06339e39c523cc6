import type PQueue from 'p-queue'
import type { CallResult } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { ModuleDefinition, Registry } from '../modules/registry.ts'
import type { Slot } from '../modules/slot.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import { PrepareCall, type PrepareDeps, type Needed, noNeeds } from './prepare-call.ts'
import { type QueuedTask, ReadyQueue } from './dependency-order.ts'
import type { EndOfPhase, Step, Transaction } from '../transaction/transaction.ts'

/**
 * Prepares the next generations of one transaction: in dependency order, independent modules side by side. What serves
 * is not touched.
 *
 * Each place in the queue is a lane: it goes on with the next module that is ready, instead of leaving the queue and
 * coming back, since a place costs as much as a prepare. A module keeps its lane until its prepare has ended or its
 * grace is over.
 */
export class Preparation {
  readonly #store: ServingStore
  readonly #parts: PrepareDeps
  readonly #transaction: Transaction
  readonly #turns: ReadyQueue<ModuleDefinition, Step>
  readonly #queue: PQueue
  readonly #running = new Set<PrepareCall>()
  #lanes = 0
  #isStopped = false
  #resolve: () => void = () => {}
  #broke: { readonly error: unknown } | undefined

  /** @param queue holds as many lanes as may run at once */
  constructor(registry: Registry, store: ServingStore, parts: PrepareDeps, queue: PQueue, transaction: Transaction) {
    const { plan } = transaction
    this.#store = store
    this.#parts = parts
    this.#transaction = transaction
    this.#queue = queue
    this.#turns = new ReadyQueue(
      registry.order,
      ({ after }) => after,
      ({ name }) => {
        const step = plan.get(name)
        if (step === undefined) return undefined
        // One that is switched off is closed in the end, which must not happen under a call that still runs.
        const isCalled = step.change !== 'off' || step.slot.pendingApply !== undefined
        return isCalled ? step : undefined
      },
    )
  }

  /** Resolves when every prepare has ended or was given up; true where all have made their generation. */
  async run(): Promise<boolean> {
    const { timers } = this.#parts.runtime
    timers.hold()
    await new Promise<void>((resolve) => {
      this.#resolve = resolve
      this.#openLanes(0)
      if (this.#lanes === 0) resolve()
    })
    timers.release()
    if (this.#broke !== undefined) throw this.#broke.error
    return !this.#isStopped
  }

  /** Gives up what runs and starts nothing more. */
  stop(): void {
    this.#isStopped = true
    for (const attempt of this.#running) attempt.stop()
  }

  /** As many as there are modules that may start, but for those that somebody else will take. */
  #openLanes(others: number): void {
    const { concurrency } = this.#parts.runtime
    while (this.#turns.waiting > others && this.#lanes < concurrency && !this.#isStopped) {
      this.#lanes += 1
      void this.#queue.add(this.#lane)
    }
  }

  /** Never rejects. */
  readonly #lane = async (): Promise<void> => {
    try {
      for (let turn = this.#next(); turn !== undefined; turn = this.#next()) {
        const attempt = turn.task === undefined ? undefined : this.#begin(turn.task)
        if (attempt !== undefined) {
          const end = this.#transaction.time(attempt.slot.name, 'prepare')
          // What has ended at once is not waited for.
          this.#finish(attempt, attempt.run() ?? (await attempt.result), end)
        }
        this.#turns.end(turn)
        this.#openLanes(1) // this one takes the next itself
      }
    } catch (error) {
      this.#broke ??= { error }
      this.stop()
    }
    this.#lanes -= 1
    if (this.#lanes === 0) this.#resolve()
  }

  #next(): QueuedTask<Step> | undefined {
    return this.#isStopped ? undefined : this.#turns.next()
  }

  /** Nothing where the module is not to be called. */
  #begin(step: Step): PrepareCall | undefined {
    const { slot } = step
    if (slot.pendingApply !== undefined) return this.#fail(failure('module.unsettled', this.#placeOf(slot)))
    if (slot.compensates) return undefined
    if (slot.isStuck) return this.#fail(failure('module.stuck', this.#placeOf(slot)))
    const attempt = new PrepareCall(this.#parts, step, this.#neededBy(step))
    this.#running.add(attempt)
    return attempt
  }

  #finish(attempt: PrepareCall, result: CallResult<unknown>, end: EndOfPhase): void {
    this.#running.delete(attempt)
    if (result.kind === 'done') attempt.made = attempt.take(result.value)
    const { made, slot } = attempt
    end(made === undefined ? phaseResult(result) : 'done')
    if (made !== undefined) this.#transaction.staged.set(slot.name, made)
    else this.#failed(attempt, result)
  }

  #failed(attempt: PrepareCall, result: CallResult<unknown>): void {
    const { slot } = attempt
    const place = this.#placeOf(slot)
    switch (result.kind) {
      case 'failed':
        this.#fail(failure('module.prepare-failed', place, result.error))
        return attempt.cleanUp()
      case 'done':
        this.#fail(failure('module.invalid-generation', place))
        return attempt.cleanUp()
      case 'timed-out': {
        slot.unsettled += 1 // the late end takes it back, be it now or in an hour
        const { prepareMs } = this.#parts.runtime.deadlinesOf(slot.definition)
        this.#fail(failure('module.prepare-timeout', { ...place, detail: `${prepareMs} ms` }))
        return
      }
      case 'cancelled':
        slot.unsettled += 1
    }
  }

  #placeOf({ name }: Slot) {
    return { module: name, phase: 'prepare', ...this.#transaction.revision } as const
  }

  #fail(failed: Failure): undefined {
    this.#transaction.fail(failed)
    this.stop()
  }

  /** The generations that the module asks for: the staged one where that module changes too, else the serving one. */
  #neededBy({ module }: Step): Needed {
    const names = Object.entries(module.needs)
    if (names.length === 0) return noNeeds
    const { plan, staged } = this.#transaction
    return names.map(([as, name]) => [as, plan.has(name) ? staged.get(name) : this.#store.slot(name).serving])
  }
}

const phaseResult = ({ kind }: CallResult<unknown>) => (kind === 'done' ? 'failed' : kind)
