import { bounded } from '../bounded.ts'
import { type Failure, failure } from '../model/errors.ts'
import type { Registry } from '../registry.ts'
import type { GenerationRecord } from '../store/generation.ts'
import type { Slot } from '../store/slot.ts'
import type { Store } from '../store/store.ts'
import { inOrder } from './order.ts'
import type { Runtime } from './runtime.ts'

/**
 * Drains and closes generations that do not serve: each exactly once, after the leases that hold it and after those
 * that were prepared with it, in reverse dependency order.
 */
export class Retirer {
  readonly #registry: Registry
  readonly #store: Store
  readonly #runtime: Runtime
  readonly #running = new Set<Promise<unknown>>()

  constructor(registry: Registry, store: Store, runtime: Runtime) {
    this.#registry = registry
    this.#store = store
    this.#runtime = runtime
  }

  /** Starts closing; never rejects. Problems are reported, counted as leaks, and stop nothing. */
  retire(records: readonly GenerationRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve()
    const byModule = new Map<string, GenerationRecord[]>()
    // Leases are waited for from now on, in all of them at once: the waits of a chain of modules do not add up.
    const drains = new Map<GenerationRecord, Promise<void>>()
    for (const record of records) {
      byModule.set(record.module, [...(byModule.get(record.module) ?? []), record])
      if (this.#store.isHeld(record)) drains.set(record, this.#drained(record))
    }
    const order = records.length === 1 ? this.#only(records) : [...this.#registry.order].reverse()
    const work = inOrder(
      order,
      ({ name }) => this.#registry.dependentsOf(name),
      ({ name }) => {
        const mine = byModule.get(name)
        if (mine === undefined) return undefined
        return () => Promise.all(mine.map((record) => this.#closeOnce(record, drains.get(record))))
      },
    )
    this.track(work)
    return work
  }

  /** Has `settled` wait for this too. The promise must not reject. */
  track(work: Promise<unknown>): void {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  #only(records: readonly GenerationRecord[]) {
    return records.flatMap(({ module }) => this.#registry.get(module) ?? [])
  }

  /** Resolves when all that was retired so far is closed or given up. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Resolves when no lease holds the generation, or may hold it any longer. */
  async #drained(record: GenerationRecord): Promise<void> {
    const { clock, deadlinesOf, report } = this.#runtime
    const { leaseMs } = deadlinesOf(this.#store.slot(record.module).definition)
    const drained = await bounded(() => this.#store.released(record), { clock, deadlineMs: leaseMs, graceMs: 0 }).result
    if (drained.kind !== 'done') report(failure('lease.overdue', { module: record.module, phase: 'close' }))
  }

  #closeOnce(record: GenerationRecord, drained: Promise<void> | undefined): Promise<void> {
    const slot = this.#store.slot(record.module)
    return record.closeOnce(() => {
      const closing = this.#close(record, slot, drained)
      slot.noteRetiring(closing)
      return closing
    })
  }

  async #close(record: GenerationRecord, slot: Slot, drained: Promise<void> | undefined): Promise<void> {
    const { clock, deadlinesOf, report, onSettled } = this.#runtime
    const { closeMs } = deadlinesOf(slot.definition)
    for (const dependent of record.dependents) await dependent.closing
    if (drained !== undefined) await drained
    const place = { module: slot.name, phase: 'close' } as const
    const closed = await bounded(() => record.generation.close?.(), {
      clock,
      deadlineMs: closeMs,
      graceMs: 0,
      onLate: (late) => {
        slot.unsettled -= 1
        onSettled()
        if (late.kind === 'error') return report(failure('module.close-failed', place, late.error))
        slot.leaked -= 1
        slot.closed += 1
      },
    }).result
    for (const needed of record.needed) needed.dependents.delete(record)
    if (closed.kind === 'done') slot.closed += 1
    else
      this.#reportLeak(slot, closed.kind === 'failed' ? failure('module.close-failed', place, closed.error) : undefined)
  }

  /** No failure is given where the close still runs. */
  #reportLeak(slot: Slot, failed: Failure | undefined): void {
    slot.leaked += 1
    if (failed === undefined) slot.unsettled += 1
    this.#runtime.report(failed ?? failure('module.close-timeout', { module: slot.name, phase: 'close' }))
  }
}
