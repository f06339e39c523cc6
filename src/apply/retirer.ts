import { type CallResult, DeadlineCall, withDeadline } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { GenerationRecord } from '../modules/generation.ts'
import type { Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Slot } from '../modules/slot.ts'
import type { EndOfPhase, PhaseTimings } from '../transaction/phase-timings.ts'
import type { ApplyDeps } from './deadlines.ts'
import { inOrder } from './dependency-order.ts'

/** A generation that is being closed; `drained` is there if leases hold it. */
interface Closing {
  readonly record: GenerationRecord
  readonly drained: Promise<void> | undefined
}

const closed = Promise.resolve()
const atOnce = (): Promise<void> => closed

/** How many routes a report of an overdue lease names. */
const MAX_ROUTES = 3

const detailOf = (routes: readonly string[]): { readonly detail?: string } => {
  if (routes.length === 0) return {}
  const more = routes.length > MAX_ROUTES ? ` and ${routes.length - MAX_ROUTES} more` : ''
  return { detail: `held by ${routes.slice(0, MAX_ROUTES).join(', ')}${more}` }
}

/** Nothing to wait for needs no promise. */
const allOf = (closing: readonly Promise<void>[]): Promise<unknown> | undefined =>
  closing.length === 0 ? undefined : Promise.all(closing)

const placeOf = ({ name }: Slot) => ({ module: name, phase: 'close' }) as const

const namesOf = (byModule: ReadonlyMap<string, unknown>) => [...byModule.keys()].map((name) => ({ name }))

/**
 * Drains and closes generations that do not serve: each exactly once, after the leases that hold it and after the
 * generations that were prepared with it, in reverse dependency order.
 */
export class Retirer {
  readonly #registry: Registry
  readonly #store: ServingStore
  readonly #deps: ApplyDeps
  // Counted: the tables that a Set leaves behind would keep what has ended alive until the next full collection.
  #running = 0
  readonly #onEnd: (() => void)[] = []

  constructor(registry: Registry, store: ServingStore, deps: ApplyDeps) {
    this.#registry = registry
    this.#store = store
    this.#deps = deps
  }

  /**
   * Starts closing; never rejects. Problems are reported, counted as leaks, and stop nothing. The closes are timed for
   * the transaction that leaves them over, which has its record by then.
   */
  retire(records: readonly GenerationRecord[], timings?: PhaseTimings): Promise<void> {
    const byModule = new Map<string, Closing[]>()
    for (const record of records) {
      // All leases are awaited from now on, side by side: the waits of a chain of modules do not add up.
      const drained = this.#store.isHeld(record) ? this.#drained(record) : undefined
      if (drained === undefined && this.#closeAtOnce(record)) continue
      const closings = byModule.get(record.module)
      if (closings === undefined) byModule.set(record.module, [{ record, drained }])
      else closings.push({ record, drained })
    }
    if (byModule.size === 0) return Promise.resolve()
    const work = inOrder(
      byModule.size === 1 ? namesOf(byModule) : [...this.#registry.order].reverse(),
      ({ name }) => this.#registry.dependentsOf(name),
      ({ name }) => {
        const mine = byModule.get(name)
        if (mine === undefined) return undefined
        return () => allOf(mine.flatMap((closing) => this.#closeOnce(closing, timings) ?? []))
      },
    )
    this.track(work)
    return work
  }

  /** Makes `settled` wait for this too. The promise must not reject. */
  track(work: Promise<unknown>): void {
    this.#running += 1
    void work.finally(() => {
      this.#running -= 1
      for (const resolve of this.#onEnd.splice(0)) resolve()
    })
  }

  /** Resolves when all that was retired so far is closed or abandoned. */
  async settled(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#onEnd.push(resolve))
  }

  /** A generation that has nothing to release, and that no lease holds, waits for no other. */
  #closeAtOnce(record: GenerationRecord): boolean {
    if (record.generation.close !== undefined || record.closing !== undefined) return false
    record.release()
    this.#store.slot(record.module).closed += 1
    void record.closeOnce(atOnce)
    return true
  }

  /** Resolves when no lease holds the generation, or may hold it any longer. */
  async #drained(record: GenerationRecord): Promise<void> {
    const { clock, deadlines, report } = this.#deps
    const { leaseMs } = deadlines.of(this.#store.slot(record.module).definition)
    const limits = { clock, deadlineMs: leaseMs, graceMs: 0 }
    const drained = await withDeadline(() => this.#store.released(record), limits).result
    if (drained.kind === 'done') return
    const detail = detailOf(this.#store.routesHolding(record))
    report(failure('lease.overdue', { module: record.module, phase: 'close', ...detail }))
  }

  /** Returns nothing if the generation is closed already when this returns. */
  #closeOnce({ record, drained }: Closing, timings: PhaseTimings | undefined): Promise<void> | undefined {
    if (record.closing !== undefined) return record.closing
    const slot = this.#store.slot(record.module)
    const end = timings?.start(slot.name, 'close')
    slot.noteRetiring()
    if (drained === undefined && record.dependents.length === 0) {
      const call = this.#call(record, slot)
      const ended = call.run()
      if (ended === undefined)
        return record.closeOnce(() => call.result.then((late) => this.#noteClosed(record, slot, late, end)))
      this.#noteClosed(record, slot, ended, end)
      void record.closeOnce(atOnce)
      return undefined
    }
    return record.closeOnce(async () => {
      for (const dependent of record.dependents) await dependent.closing
      if (drained !== undefined) await drained
      const call = this.#call(record, slot)
      this.#noteClosed(record, slot, call.run() ?? (await call.result), end)
    })
  }

  /** Closes the generation once it is run. */
  #call(record: GenerationRecord, slot: Slot): DeadlineCall<unknown> {
    const { closeClock, deadlines, report, onSettled } = this.#deps
    const { closeMs } = deadlines.of(slot.definition)
    return new DeadlineCall<unknown>(() => record.generation.close?.(), {
      clock: closeClock,
      deadlineMs: closeMs,
      graceMs: 0,
      onLate: (late) => {
        const wasStuck = slot.isStuck
        slot.unsettled -= 1
        if (wasStuck) onSettled()
        if (late.kind === 'error') return report(failure('module.close-failed', placeOf(slot), late.error))
        slot.leaked -= 1
        slot.closed += 1
      },
    })
  }

  #noteClosed(record: GenerationRecord, slot: Slot, ended: CallResult<unknown>, end: EndOfPhase | undefined): void {
    slot.lastClose = end?.(ended.kind) ?? slot.lastClose
    record.release()
    if (ended.kind === 'done') slot.closed += 1
    else if (ended.kind === 'failed') this.#reportLeak(slot, failure('module.close-failed', placeOf(slot), ended.error))
    else this.#reportLeak(slot, undefined)
    slot.noteRetired()
  }

  /** Without a failure the close still runs. */
  #reportLeak(slot: Slot, failed: Failure | undefined): void {
    slot.leaked += 1
    if (failed === undefined) slot.unsettled += 1
    this.#deps.report(failed ?? failure('module.close-timeout', placeOf(slot)))
  }
}
