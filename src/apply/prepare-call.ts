import type { Applier, PrepareContext } from '../api/applier.ts'
import type { Clock } from '../api/clock.ts'
import { DeadlineWork, type LateResult, type Limits, withDeadline } from '../async/deadline.ts'
import { failure } from '../model/failure.ts'
import { GenerationRecord, generationOf } from '../modules/generation.ts'
import type { Slot } from '../modules/slot.ts'
import type { ApplyDeps } from './deadlines.ts'
import type { Retirer } from './retirer.ts'

/** The generations that a module needs, by its own names for them. */
export type Needed = readonly (readonly [as: string, record: GenerationRecord | undefined])[]

export const noNeeds: Needed = []

/** The part of a step that is prepared. */
export interface PrepareSubject {
  readonly slot: Slot
  readonly next: unknown
  readonly previous: unknown
}

const noRecords: readonly GenerationRecord[] = []

/**
 * One prepare of one module, to its end however late that comes. A generation may keep its context, and so this call,
 * for as long as it lives: it must not know the transaction, or each generation would keep the one before it.
 */
export class PrepareCall extends DeadlineWork<unknown> {
  readonly #deps: ApplyDeps
  readonly #retirer: Retirer
  readonly #slice: unknown
  readonly #previous: unknown
  readonly slot: Slot
  readonly needed: Needed
  #cleanups: Cleanups | undefined
  #made: GenerationRecord | undefined

  /** @param timer what its deadline is held by */
  constructor(
    deps: ApplyDeps,
    retirer: Retirer,
    { slot, next, previous }: PrepareSubject,
    needed: Needed,
    timer: Limits['clock'],
  ) {
    const { prepareMs, graceMs } = deps.deadlines.of(slot.definition)
    const onListenerError = deps.guards.of(slot.name).report
    super({ clock: timer, deadlineMs: prepareMs, graceMs, onListenerError })
    this.#deps = deps
    this.#retirer = retirer
    this.#slice = next
    this.#previous = previous
    this.slot = slot
    this.needed = needed
  }

  protected body(): unknown {
    return this.slot.hasRoom ? this.#prepare() : this.#prepareWhenThereIsRoom()
  }

  #prepare(): unknown {
    const { definition, serving } = this.slot
    const applier = definition.applier as Applier<unknown, unknown, object>
    const context = new PrepareCallContext(this, this.#deps, this.#previous)
    // An argument and not a part of the context: a generation that keeps its context would keep the one before it.
    return applier.prepare(this.#slice, context, serving?.generation.instance)
  }

  async #prepareWhenThereIsRoom(): Promise<unknown> {
    await this.slot.room()
    return this.isAbandoned ? undefined : this.#prepare()
  }

  /** Makes the record of what a prepare returned; undefined if that is not a generation. */
  take(value: unknown): GenerationRecord | undefined {
    const generation = generationOf(value)
    if (generation === undefined) return undefined
    this.slot.opened += 1
    const needed = this.needed.length === 0 ? noRecords : this.needed.flatMap(([, record]) => record ?? [])
    this.#made = new GenerationRecord(this.slot.name, generation, this.#slice, needed)
    return this.#made
  }

  get isServing(): boolean {
    return this.slot.serving !== undefined && this.slot.serving === this.#made
  }

  /** Runs the clean-ups of a prepare that made nothing, without waiting: one that hangs must not hold the transaction. */
  cleanUp(): void {
    const { clock, deadlines, report } = this.#deps
    const { name, definition } = this.slot
    const onError = (error: unknown) => report(failure('module.close-failed', { module: name, phase: 'close' }, error))
    this.#retirer.track(this.cleanups.run(clock, deadlines.of(definition).closeMs, onError))
  }

  get cleanups(): Cleanups {
    this.#cleanups ??= new Cleanups()
    return this.#cleanups
  }

  /** What ends after it was abandoned never serves: a generation is closed, for anything else the clean-ups run. */
  protected noteLate(late: LateResult<unknown>): void {
    const wasStuck = this.slot.isStuck
    this.slot.unsettled -= 1
    // Only the end of a stuck module frees anything: after any other, the next try would repeat without end.
    if (wasStuck) this.#deps.onSettled()
    const record = late.kind === 'value' ? this.take(late.value) : undefined
    if (record === undefined) this.cleanUp()
    else void this.#retirer.retire([record])
  }
}

const noInstances: object = Object.freeze({})

const instancesOf = (needed: Needed): object =>
  needed.length === 0
    ? noInstances
    : Object.fromEntries(needed.map(([as, record]) => [as, record?.generation.instance]))

/** All members but the signal are its own, so that an applier may take them apart. */
class PrepareCallContext implements PrepareContext<unknown> {
  readonly #call: PrepareCall
  readonly module: string
  declare readonly previous?: unknown
  readonly needs: object
  readonly clock: Clock
  readonly defer: PrepareContext<unknown>['defer']
  readonly isServing: () => boolean
  readonly report: (error: unknown) => void

  constructor(call: PrepareCall, { guards }: ApplyDeps, previous: unknown) {
    const { name } = call.slot
    this.#call = call
    this.module = name
    if (previous !== undefined) this.previous = previous
    this.needs = instancesOf(call.needed)
    const { clock, report } = guards.of(name)
    this.clock = clock
    this.report = report
    this.defer = (cleanup) => call.cleanups.add(cleanup)
    this.isServing = () => call.isServing
  }

  /** Made when it is first read. */
  get signal(): AbortSignal {
    return this.#call.signal
  }
}

/** The clean-ups that a prepare has registered: each runs once, in reverse order, whatever becomes of the others. */
class Cleanups {
  #cleanups: (() => unknown)[] = []
  #onAdded: (() => void) | undefined

  /** A clean-up that is added after the others have run is run at once. */
  add(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup)
    this.#onAdded?.()
  }

  /** Never rejects; waits for each for at most `deadlineMs`. */
  async run(clock: Clock, deadlineMs: number, onError: (error: unknown) => void): Promise<void> {
    this.#onAdded = () => void this.#runAll(clock, deadlineMs, onError)
    await this.#runAll(clock, deadlineMs, onError)
  }

  async #runAll(clock: Clock, deadlineMs: number, onError: (error: unknown) => void): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      const ended = await withDeadline(() => cleanup(), { clock, deadlineMs, graceMs: 0 }).result
      if (ended.kind !== 'done') onError('error' in ended ? ended.error : undefined)
    }
  }
}
