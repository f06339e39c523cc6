import PQueue from 'p-queue'
import type { Applier, PrepareContext } from '../applier.ts'
import { type Bounded, type BoundedCall, type Bounds, bounded, type Late } from '../bounded.ts'
import { failure } from '../model/errors.ts'
import type { Registry } from '../registry.ts'
import { GenerationRecord } from '../store/generation.ts'
import type { Slot } from '../store/slot.ts'
import type { Store } from '../store/store.ts'
import { Cleanups } from './cleanups.ts'
import { generationOf } from './generation-of.ts'
import { inOrder } from './order.ts'
import type { Retirer } from './retire.ts'
import type { Runtime } from './runtime.ts'
import type { Step, Transaction } from './transaction.ts'

type AnyApplier = Applier<unknown, unknown, object>

/**
 * Prepares the next generations of one transaction: in dependency order, independent modules side by side. What serves
 * is not touched. A module keeps its place in the queue until its prepare has ended or its grace is over.
 */
export class Preparation {
  readonly #registry: Registry
  readonly #store: Store
  readonly #retirer: Retirer
  readonly #runtime: Runtime
  readonly #transaction: Transaction
  readonly #queue: PQueue
  readonly #calls = new Set<BoundedCall<unknown>>()
  #isStopped = false

  constructor(registry: Registry, store: Store, retirer: Retirer, runtime: Runtime, transaction: Transaction) {
    this.#registry = registry
    this.#store = store
    this.#retirer = retirer
    this.#runtime = runtime
    this.#transaction = transaction
    this.#queue = new PQueue({ concurrency: runtime.concurrency })
  }

  /** Resolves when every prepare has ended or was given up; true where all have made their generation. */
  async run(): Promise<boolean> {
    const { plan } = this.#transaction
    await inOrder(
      this.#registry.order,
      ({ after }) => after,
      ({ name }) => {
        const step = plan.get(name)
        if (step === undefined) return undefined
        // One that is switched off is closed in the end, which must not happen under a call that still runs.
        const isCalled = step.change !== 'off' || step.slot.pendingApply !== undefined
        return isCalled ? () => this.#queue.add(() => this.#start(step)) : undefined
      },
    )
    return !this.#isStopped
  }

  /** Gives up what runs and starts nothing more. */
  stop(): void {
    this.#isStopped = true
    for (const call of this.#calls) call.cancel()
  }

  async #start(step: Step): Promise<void> {
    if (this.#isStopped) return
    const { slot } = step
    const place = { module: slot.name, phase: 'prepare', ...this.#transaction.revision } as const
    if (slot.pendingApply !== undefined) return this.#fail(failure('module.unsettled', place))
    if (slot.compensates) return
    if (slot.isStuck) return this.#fail(failure('module.stuck', place))
    await this.#prepare(step, step.module.applier as AnyApplier)
  }

  async #prepare(step: Step, applier: AnyApplier): Promise<void> {
    const { slot, next, module } = step
    const { clock, deadlinesOf } = this.#runtime
    const { prepareMs, graceMs } = deadlinesOf(module)
    const cleanups = new Cleanups()
    const needed = this.#neededBy(step)
    const end = this.#transaction.time(slot.name, 'prepare')
    const make = (value: unknown): GenerationRecord | undefined => {
      const generation = generationOf(value)
      if (generation === undefined) return undefined
      slot.opened += 1
      return new GenerationRecord(slot.name, generation, next, [...needed.values()])
    }
    let made: GenerationRecord | undefined
    const call = bounded<unknown>(
      (bounds) => {
        const prepare = () =>
          applier.prepare(
            next,
            this.#contextOf(step, needed, bounds, cleanups, () => made),
          )
        if (slot.hasRoom) return prepare()
        return slot.room().then(() => (bounds.isGivenUp ? undefined : prepare()))
      },
      {
        clock,
        deadlineMs: prepareMs,
        graceMs,
        onLate: (late) => this.#takeLate(slot, late, make, cleanups),
      },
    )
    this.#calls.add(call)
    const result = await call.result
    this.#calls.delete(call)
    if (result.kind === 'done') made = make(result.value)
    end(made === undefined ? phaseResult(result) : 'done')
    if (made !== undefined) this.#transaction.staged.set(slot.name, made)
    else this.#failed(slot, result, cleanups)
  }

  /** What ends after it was given up serves nobody: a generation is closed, for anything else the clean-ups run. */
  #takeLate(
    slot: Slot,
    late: Late<unknown>,
    make: (value: unknown) => GenerationRecord | undefined,
    cleanups: Cleanups,
  ): void {
    slot.unsettled -= 1
    this.#runtime.onSettled()
    const record = late.kind === 'value' ? make(late.value) : undefined
    if (record === undefined) this.#cleanUp(slot, cleanups)
    else void this.#retirer.retire([record])
  }

  /** Not waited for: a clean-up that hangs must not hold the transaction. */
  #cleanUp(slot: Slot, cleanups: Cleanups): void {
    const { clock, deadlinesOf, report } = this.#runtime
    const onError = (error: unknown) =>
      report(failure('module.close-failed', { module: slot.name, phase: 'close' }, error))
    this.#retirer.track(cleanups.run(clock, deadlinesOf(slot.definition).closeMs, onError))
  }

  #failed(slot: Slot, result: Bounded<unknown>, cleanups: Cleanups): void {
    const place = { module: slot.name, phase: 'prepare', ...this.#transaction.revision } as const
    switch (result.kind) {
      case 'failed':
        this.#fail(failure('module.prepare-failed', place, result.error))
        return this.#cleanUp(slot, cleanups)
      case 'done':
        this.#fail(failure('module.invalid-generation', place))
        return this.#cleanUp(slot, cleanups)
      case 'timed-out':
        slot.unsettled += 1 // the late end takes it back, be it now or in an hour
        this.#fail(failure('module.prepare-timeout', { ...place, detail: `${this.#prepareMs(slot)} ms` }))
        return
      case 'cancelled':
        slot.unsettled += 1
    }
  }

  #prepareMs(slot: Slot): number {
    return this.#runtime.deadlinesOf(slot.definition).prepareMs
  }

  #fail(failed: ReturnType<typeof failure>): void {
    this.#transaction.fail(failed)
    this.stop()
  }

  /** The generations that the module asks for: the staged one where that module changes too, else the serving one. */
  #neededBy({ module }: Step): ReadonlyMap<string, GenerationRecord> {
    const needed = new Map<string, GenerationRecord>()
    for (const [as, name] of Object.entries(module.needs)) {
      const changes = this.#transaction.plan.get(name) !== undefined
      const record = changes ? this.#transaction.staged.get(name) : this.#store.slot(name).serving
      if (record !== undefined) needed.set(as, record)
    }
    return needed
  }

  #contextOf(
    { slot, previous, module }: Step,
    needed: ReadonlyMap<string, GenerationRecord>,
    bounds: Bounds,
    cleanups: Cleanups,
    made: () => GenerationRecord | undefined,
  ): PrepareContext<unknown> {
    const needs = Object.fromEntries(Object.keys(module.needs).map((as) => [as, needed.get(as)?.generation.instance]))
    return {
      module: slot.name,
      ...(previous === undefined ? {} : { previous }),
      needs,
      get signal() {
        return bounds.signal
      },
      clock: this.#runtime.clock,
      defer: (cleanup) => cleanups.add(cleanup),
      isServing: () => slot.serving !== undefined && slot.serving === made(),
      report: (error) => this.#runtime.report(failure('module.background-failed', { module: slot.name }, error)),
    }
  }
}

const phaseResult = ({ kind }: Bounded<unknown>) => (kind === 'done' ? 'failed' : kind)
