import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadEvent, Verdict } from './types.ts'

/** Returns the candidate that an event carries; done events are not part of the machine's own event type. */
export const candidateOf = (event: ReloadEvent): Candidate | undefined =>
  'candidate' in event ? event.candidate : undefined

/** Returns the output of a finished actor; undefined for every other event. */
export const verdictOf = (event: object): Verdict | undefined => (event as { readonly output?: Verdict }).output
