import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadEvent, Verdict } from './types.ts'

/** Returns the candidate that an event of the source or of a caller carries. */
export const candidateOf = (event: ReloadEvent): Candidate | undefined =>
  'candidate' in event ? event.candidate : undefined

/** Returns the verdict of work that has ended; undefined for every other event. */
export const verdictOf = (event: object): Verdict | undefined => (event as { readonly output?: Verdict }).output
