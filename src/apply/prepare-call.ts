import type { Applier, PrepareContext } from '../api/applier.ts'
import { DeadlineWork, type LateResult } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import { failure } from '../model/failure.ts'
import { GenerationRecord } from '../modules/generation.ts'
import type { Slot } from '../modules/slot.ts'
import { Cleanups } from './cleanups.ts'
import { generationOf } from '../modules/generation-of.ts'
import type { Retirer } from './retirement.ts'
import type { ApplyDeps } from './deadlines.ts'

/** The generations that a module asks for, by its own names for them. */
export type Needed = readonly (readonly [as: string, record: GenerationRecord | undefined])[]

export const noNeeds: Needed = []

/** What the parts of a preparation share. */
export interface PrepareDeps {
  readonly runtime: ApplyDeps
  readonly retirer: Retirer
}

/** The part of a step that is prepared. */
export interface PrepareSubject {
  readonly slot: Slot
  readonly next: unknown
  readonly previous: unknown
}

const none: readonly GenerationRecord[] = []

/**
 * One prepare of one module, to its end however late that comes. A generation may keep its context for as long as it
 * lives, and so this: it must know nothing of the transaction, or every generation would keep the one before it.
 */
export class PrepareCall extends DeadlineWork<unknown> {
  readonly #parts: PrepareDeps
  readonly #slice: unknown
  readonly #previous: unknown
  readonly slot: Slot
  readonly needed: Needed
  #cleanups: Cleanups | undefined
  /** The generation, once it is made. */
  made: GenerationRecord | undefined

  constructor(parts: PrepareDeps, { slot, next, previous }: PrepareSubject, needed: Needed) {
    super(parts.runtime.prepareLimitsOf(slot.definition))
    this.#parts = parts
    this.#slice = next
    this.#previous = previous
    this.slot = slot
    this.needed = needed
  }

  protected body(): unknown {
    return this.slot.hasRoom ? this.#prepare() : this.#prepareWhenThereIsRoom()
  }

  #prepare(): unknown {
    const applier = this.slot.definition.applier as Applier<unknown, unknown, object>
    return applier.prepare(this.#slice, new PrepareCallContext(this, this.#previous))
  }

  async #prepareWhenThereIsRoom(): Promise<unknown> {
    await this.slot.room()
    return this.isAbandoned ? undefined : this.#prepare()
  }

  /** Makes the record of what a prepare returned; undefined where that is no generation. */
  take(value: unknown): GenerationRecord | undefined {
    const generation = generationOf(value)
    if (generation === undefined) return undefined
    this.slot.opened += 1
    const needed = this.needed.length === 0 ? none : this.needed.flatMap(([, record]) => record ?? [])
    return new GenerationRecord(this.slot.name, generation, this.#slice, needed)
  }

  /** Runs the clean-ups of a prepare that made nothing. Not waited for: one that hangs must not hold the transaction. */
  cleanUp(): void {
    const { runtime, retirer } = this.#parts
    const { name, definition } = this.slot
    const onError = (error: unknown) =>
      runtime.report(failure('module.close-failed', { module: name, phase: 'close' }, error))
    retirer.track(this.cleanups.run(runtime.clock, runtime.deadlinesOf(definition).closeMs, onError))
  }

  get cleanups(): Cleanups {
    this.#cleanups ??= new Cleanups()
    return this.#cleanups
  }

  get runtime(): ApplyDeps {
    return this.#parts.runtime
  }

  /** What ends after it was given up serves nobody: a generation is closed, for anything else the clean-ups run. */
  protected noteLate(late: LateResult<unknown>): void {
    const { runtime, retirer } = this.#parts
    const stoodInTheWay = this.slot.isStuck
    this.slot.unsettled -= 1
    // Said of any late end, a prepare given up for another module's sake would start the next try, without end.
    if (stoodInTheWay) runtime.onSettled()
    const record = late.kind === 'value' ? this.take(late.value) : undefined
    if (record === undefined) this.cleanUp()
    else void retirer.retire([record])
  }
}

const nothing: object = Object.freeze({})

const instancesOf = (needed: Needed): object =>
  needed.length === 0 ? nothing : Object.fromEntries(needed.map(([as, record]) => [as, record?.generation.instance]))

/** All but the signal are its own members, so that an applier may take them apart. */
class PrepareCallContext implements PrepareContext<unknown> {
  readonly #attempt: PrepareCall
  readonly module: string
  declare readonly previous?: unknown
  readonly needs: object
  readonly clock: Clock
  readonly defer: PrepareContext<unknown>['defer']
  readonly isServing: () => boolean
  readonly report: (error: unknown) => void

  constructor(attempt: PrepareCall, previous: unknown) {
    const { slot, runtime } = attempt
    this.#attempt = attempt
    this.module = slot.name
    if (previous !== undefined) this.previous = previous
    this.needs = instancesOf(attempt.needed)
    this.clock = runtime.clock
    this.defer = (cleanup) => attempt.cleanups.add(cleanup)
    this.isServing = () => slot.serving !== undefined && slot.serving === attempt.made
    this.report = (error) => runtime.report(failure('module.background-failed', { module: slot.name }, error))
  }

  /** Made when it is first asked for. */
  get signal(): AbortSignal {
    return this.#attempt.signal
  }
}
