import type { AnyMachineSnapshot } from 'xstate'
import type { Revision } from '../../../src/model/revision.ts'
import type { Move } from './moves.ts'
import type { Step } from './stepper.ts'

/** Checks each step of a machine against rules that the test states independently. */
export interface Ledger {
  readonly check: (before: AnyMachineSnapshot, move: Move, step: Step) => void
  /** Forgets everything: a new machine begins. */
  readonly restart: () => void
}

export const demand = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

/** Returns true if a source may deliver the next revision after the known one. */
export const comesAfter = (next: Revision, known: Revision | undefined): boolean =>
  known === undefined || next.lineage !== known.lineage || (next.order > known.order && next.name !== known.name)

export const goesBack = (next: Revision | undefined, known: Revision | undefined): boolean =>
  known !== undefined && (next === undefined || (next.lineage === known.lineage && next.order < known.order))

/** Every string that a context may hold besides revisions: the machine's own words and the modules' names. */
const knownWords = new Set([
  ...['start', 'change', 'reload', 'repair', 'restore', 'revert', 'retry', 'quarantine-expired', 'secret', 'trial'],
  ...['failed', 'superseded', 'aborted'],
  ...['settled', 'released', 'expired'],
  'db',
])

/** Returns the first value that is neither plain data nor a known word; undefined if there is none. */
export const foreignValueIn = (value: unknown): unknown => {
  if (typeof value === 'string') return knownWords.has(value) || /^[ab]\d*$/.test(value) ? undefined : value
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? typeof value : undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return 'an object with a class'
  for (const inner of Object.values(value)) {
    const foreign = foreignValueIn(inner)
    if (foreign !== undefined) return foreign
  }
  return undefined
}
