import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadEvent, Verdict } from './types.ts'

/** The candidate that an event carries. XState types an action's event by the machine's events alone, hence here. */
export const candidateOf = (event: ReloadEvent): Candidate | undefined =>
  'candidate' in event ? event.candidate : undefined

/** What a finished actor answered; done events are no part of the machine's own event type. */
export const verdictOf = (event: object): Verdict | undefined => (event as { readonly output?: Verdict }).output
