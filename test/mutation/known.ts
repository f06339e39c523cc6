import { readFileSync, writeFileSync } from 'node:fs'
import type { Mutant } from './mutants.ts'

/** A mutant that is known, by its text: a line number would not last. */
export interface KnownMutant {
  readonly file: string
  readonly before: string
  readonly after: string
  /** Why no test can tell it from the code, or which test kills it. */
  readonly why: string
}

export type Verdict = 'killed' | 'equivalent' | 'survived'

/** What became of a mutant. */
export interface Result {
  readonly file: string
  readonly line: number
  readonly kind: string
  readonly before: string
  readonly after: string
  readonly verdict: Verdict
  /** The test that fails, or what else ended the run. */
  readonly by?: string
}

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T

export const readEquivalent = (): readonly KnownMutant[] => read('./equivalent.json')

/** Mutants that survived once, each with the test that was written for it. */
export const readFixed = (): readonly KnownMutant[] => read('./fixed.json')

export const readResults = (): Record<string, readonly Result[]> => read('./results.json')

export const writeResults = (results: Record<string, readonly Result[]>): void =>
  writeFileSync(new URL('./results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)

type MutantText = Pick<Mutant, 'file' | 'before' | 'after'>

const isSame = (one: MutantText, other: MutantText): boolean =>
  one.file === other.file && one.before === other.before && one.after === other.after

export const findKnown = (known: readonly KnownMutant[], mutant: MutantText): KnownMutant | undefined =>
  known.find((one) => isSame(one, mutant))

/** The mutant of a result: of several with the same text, the nearest. */
export const findMutant = (mutants: readonly Mutant[], result: Result): Mutant | undefined =>
  mutants
    .filter((one) => isSame(one, result))
    .sort((one, other) => Math.abs(one.line - result.line) - Math.abs(other.line - result.line))[0]

/** The results with one more, or with one replaced that has the same text. */
export const withResult = (results: readonly Result[], result: Result): readonly Result[] =>
  results.some((one) => isSame(one, result))
    ? results.map((one) => (isSame(one, result) ? result : one))
    : [...results, result]
