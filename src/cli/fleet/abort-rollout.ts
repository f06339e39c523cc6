import type { FleetStore } from '../../fleet/fleet-store.ts'
import {
  ABORTED,
  CANDIDATE,
  encodeRolloutEnd,
  ROLLOUT,
  type RolloutEntry,
  rolloutNews,
} from '../../fleet/rollout-entry.ts'
import { changeoverError } from '../../model/failure.ts'

/** A rollout that goes on is written again for each step. */
const MAX_TRIES = 5

/** Ends the rollout that runs: its canaries return to what they had. Returns it, or undefined if none runs. */
export const abortRollout = async (
  store: FleetStore,
  by: string,
  signal: AbortSignal,
): Promise<RolloutEntry | undefined> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { entries } = await store.list(ROLLOUT, signal)
    const { running, revision } = rolloutNews(entries)
    if (running === undefined) return undefined
    const change = {
      expect: { [ROLLOUT]: revision },
      put: { [ABORTED]: encodeRolloutEnd({ rollout: running.id, by }) },
      remove: [ROLLOUT, CANDIDATE],
    }
    if ((await store.write(change, signal)) !== undefined) return running
  }
  throw changeoverError('fleet.rollout-busy')
}
