import type { ModuleDefinition } from './registry.ts'
import { isCompensating } from './registry.ts'
import type { PhaseTiming } from '../model/record.ts'
import type { GenerationRecord } from './generation.ts'

/** How many calls of a module may hang before no more are started. */
const MAX_UNSETTLED = 3

/** How many old generations may drain before the next one waits for them. */
const MAX_RETIRING = 8

/** Holds what one module serves, and the account of all its generations. */
export class Slot {
  readonly definition: ModuleDefinition
  readonly compensates: boolean
  /** What serves; undefined when the module is off, or compensating. */
  serving: GenerationRecord | undefined
  /** The slice that the module serves; undefined when it is off. */
  slice: unknown
  /** Generations that were made. */
  opened = 0
  /** Generations that were closed without an error, in time or late. */
  closed = 0
  /** Generations whose close failed or has not ended in time. */
  leaked = 0
  /** Prepares and closes that were abandoned and still run. */
  unsettled = 0
  /** A compensating call that was abandoned and still runs; resolves when it has ended. */
  pendingApply: Promise<void> | undefined
  /** How long the last close took that was timed. It ends after the record of its transaction. */
  lastClose: PhaseTiming | undefined
  /** The last close of a compensating module, until it is applied again; never rejects. */
  closing: Promise<unknown> | undefined
  #retiring = 0
  #onRoom: (() => void)[] = []

  constructor(definition: ModuleDefinition) {
    this.definition = definition
    this.compensates = isCompensating(definition.applier)
  }

  get name(): string {
    return this.definition.name
  }

  /** Generations that are neither closed nor reported as leaks. */
  get live(): number {
    return this.opened - this.closed - this.leaked
  }

  get isStuck(): boolean {
    return this.unsettled >= MAX_UNSETTLED
  }

  /** Old generations that wait for their users, or close. */
  get draining(): number {
    return this.#retiring
  }

  /** An old generation begins to drain. */
  noteRetiring(): void {
    this.#retiring += 1
  }

  /** An old generation is closed, or abandoned. */
  noteRetired(): void {
    this.#retiring -= 1
    for (const resolve of this.#onRoom.splice(0)) resolve()
  }

  /** Resolves when there is room for one more generation: old ones drain before new ones pile up. */
  async room(): Promise<void> {
    while (!this.hasRoom) await new Promise<void>((resolve) => this.#onRoom.push(resolve))
  }

  get hasRoom(): boolean {
    return this.#retiring < MAX_RETIRING
  }
}
