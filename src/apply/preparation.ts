import type PQueue from 'p-queue'
import type { CallResult, Cancellable } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { GenerationRecord } from '../modules/generation.ts'
import type { ModuleDefinition, Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Slot } from '../modules/slot.ts'
import type { EndOfPhase } from '../transaction/phase-timings.ts'
import type { Step } from '../transaction/plan.ts'
import type { ModuleWork } from '../transaction/transaction.ts'
import type { ApplyDeps } from './deadlines.ts'
import { type QueuedTask, ReadyQueue } from './dependency-order.ts'
import { type Needed, noNeeds, PrepareCall } from './prepare-call.ts'
import type { Retirer } from './retirer.ts'
import { SharedTimer } from './shared-timer.ts'

export interface PrepareResult {
  /** True if every module that changes has made its generation. */
  readonly isComplete: boolean
  /** What was made, by module. */
  readonly staged: ReadonlyMap<string, GenerationRecord>
  /** First cause first. */
  readonly failures: readonly Failure[]
}

interface PreparationDeps {
  readonly apply: ApplyDeps
  readonly registry: Registry
  readonly store: ServingStore
  readonly retirer: Retirer
  /** Holds as many workers as may run at once. */
  readonly queue: PQueue
}

/**
 * Prepares the next generations of one transaction: in dependency order, independent modules side by side. What serves
 * is not touched.
 *
 * Each place in the queue is a worker: it goes on with the next module that is ready instead of leaving the queue, since
 * a place costs as much as a prepare (bench: apply). A module keeps its worker until its prepare or its grace has ended.
 */
export class Preparation {
  readonly #deps: PreparationDeps
  readonly #work: ModuleWork
  readonly #ready: ReadyQueue<ModuleDefinition, Step>
  readonly #running = new Set<PrepareCall>()
  readonly #timer: SharedTimer
  readonly #staged = new Map<string, GenerationRecord>()
  readonly #failures: Failure[] = []
  #workers = 0
  #isStopped = false
  #resolve: () => void = () => {}

  constructor(deps: PreparationDeps, work: ModuleWork, call: Cancellable) {
    this.#deps = deps
    this.#work = work
    this.#timer = new SharedTimer(deps.apply.clock)
    this.#ready = new ReadyQueue(
      deps.registry.order,
      ({ after }) => after,
      ({ name }) => {
        const step = work.plan.get(name)
        return step !== undefined && isCalled(step) ? step : undefined
      },
    )
    call.onCancel(() => this.#stop())
  }

  /** Returns when every prepare has ended or was abandoned: at once if all of them do so at once. Never rejects. */
  run(): PrepareResult | Promise<PrepareResult> {
    this.#startWorkers(0)
    if (this.#workers === 0) return this.#result
    return new Promise((resolve) => {
      this.#resolve = () => resolve(this.#result)
    })
  }

  get #result(): PrepareResult {
    return { isComplete: !this.#isStopped, staged: this.#staged, failures: this.#failures }
  }

  /** Abandons what runs and starts nothing more. */
  #stop(): void {
    this.#isStopped = true
    for (const call of this.#running) call.cancel()
  }

  /** Starts as many workers as there are modules that may start, but for those that another worker will take. */
  #startWorkers(taken: number): void {
    const { queue, apply } = this.#deps
    while (this.#ready.waiting > taken && this.#workers < apply.concurrency && !this.#isStopped) {
      this.#workers += 1
      void queue.add(this.#worker)
    }
  }

  /** Never rejects. */
  readonly #worker = async (): Promise<void> => {
    // Until it waits for the first time, who starts workers sees for itself what is ready.
    let hasWaited = false
    for (let queued = this.#next(); queued !== undefined; queued = this.#next()) {
      try {
        const call = queued.task === undefined ? undefined : this.#begin(queued.task)
        if (call !== undefined) {
          const end = this.#work.timings.start(call.slot.name, 'prepare')
          // A prepare that has ended at once needs no wait.
          const atOnce = call.run()
          hasWaited ||= atOnce === undefined
          this.#finish(call, atOnce ?? (await call.result), end)
        }
      } catch (error) {
        this.#fail(failure('internal.error', { phase: 'prepare', ...this.#work.revision }, error))
      }
      this.#ready.end(queued)
      if (hasWaited) this.#startWorkers(1) // this one takes the next itself
    }
    this.#workers -= 1
    if (this.#workers === 0) this.#resolve()
  }

  #next(): QueuedTask<Step> | undefined {
    return this.#isStopped ? undefined : this.#ready.next()
  }

  /** Makes the call; undefined if the module is not to be called. */
  #begin(step: Step): PrepareCall | undefined {
    const { slot } = step
    if (slot.pendingApply !== undefined) return this.#fail(failure('module.unsettled', this.#placeOf(slot)))
    if (slot.compensates) return undefined
    if (slot.isStuck) return this.#fail(failure('module.stuck', this.#placeOf(slot)))
    const { apply, retirer } = this.#deps
    const call = new PrepareCall(apply, retirer, step, this.#neededBy(step), this.#timer)
    this.#running.add(call)
    return call
  }

  #finish(call: PrepareCall, result: CallResult<unknown>, end: EndOfPhase): void {
    this.#running.delete(call)
    const made = result.kind === 'done' ? call.take(result.value) : undefined
    end(made === undefined ? phaseResult(result) : 'done')
    if (made !== undefined) this.#staged.set(call.slot.name, made)
    else this.#noteFailed(call, result)
  }

  #noteFailed(call: PrepareCall, result: CallResult<unknown>): void {
    const { slot } = call
    const place = this.#placeOf(slot)
    switch (result.kind) {
      case 'failed':
        this.#fail(failure('module.prepare-failed', place, result.error))
        return call.cleanUp()
      case 'done':
        this.#fail(failure('module.invalid-generation', place))
        return call.cleanUp()
      case 'timed-out': {
        slot.unsettled += 1 // taken back by its late end, whenever that comes
        const { prepareMs } = this.#deps.apply.deadlines.of(slot.definition)
        this.#fail(failure('module.prepare-timeout', { ...place, detail: `${prepareMs} ms` }))
        return
      }
      case 'cancelled':
        slot.unsettled += 1
    }
  }

  #placeOf({ name }: Slot) {
    return { module: name, phase: 'prepare', ...this.#work.revision } as const
  }

  #fail(failed: Failure): undefined {
    this.#failures.push(failed)
    this.#stop()
  }

  /** The generations that the module needs: the staged one if that module changes too, else the serving one. */
  #neededBy({ module }: Step): Needed {
    const names = Object.entries(module.needs)
    if (names.length === 0) return noNeeds
    const { store } = this.#deps
    const { plan } = this.#work
    return names.map(([as, name]) => [as, plan.has(name) ? this.#staged.get(name) : store.slot(name).serving])
  }
}

/** A module that is switched off is closed at the end, which must not happen while a call of it still runs. */
const isCalled = ({ change, slot }: Step): boolean => change !== 'off' || slot.pendingApply !== undefined

const phaseResult = ({ kind }: CallResult<unknown>) => (kind === 'done' ? 'failed' : kind)
