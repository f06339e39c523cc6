import { play } from './play/run.ts'
import type { TimeLimit } from './play/time-limit.ts'
import type { RunResult } from './scenario/run-result.ts'
import type { Scenario } from './scenario/scenario.ts'
import { shrink } from './scenario/shrink.ts'
import type { Subject } from './scenario/subject.ts'

/** A scenario and what came of it. */
export interface Played {
  readonly scenario: Scenario
  readonly result: RunResult
}

const MAX_PLAYED = 600

/**
 * Finds the smallest history that breaks in the same way. A smaller one that breaks in another way would show another bug.
 * @param isSame returns true for a result that shows the same
 * @param onPlayed is called with the number of smaller histories that have been tried
 */
export const smallestHistory = async <Config>(
  { scenario, result }: Played,
  subject: Subject<Config>,
  isSame: (played: Played) => boolean,
  limit: TimeLimit,
  onPlayed: (count: number) => void = () => {},
): Promise<Played> => {
  let smallest: Played = { scenario, result }
  let count = 0
  const breaksTheSame = async (candidate: Scenario): Promise<boolean> => {
    onPlayed(++count)
    // One that waits for the real world shows something else.
    const played = await play(candidate, subject).catch(() => undefined)
    if (played === undefined || !isSame({ scenario: candidate, result: played })) return false
    smallest = { scenario: candidate, result: played }
    return true
  }
  await shrink(scenario, breaksTheSame, MAX_PLAYED, () => limit.isOver)
  return smallest
}

/** Returns true for a result in which the same invariant was broken first. */
export const breaksSameInvariant =
  ({ violations: [seen] }: RunResult) =>
  ({ result: { violations } }: Played): boolean =>
    seen !== undefined && violations[0]?.invariant === seen.invariant
