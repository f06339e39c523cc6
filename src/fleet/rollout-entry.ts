import { FLEET_SCHEMA, parseFleetText } from './instance-entry.ts'

/** A rollout that runs. It lies under the lease of its driver, so it ends with it. */
export interface RolloutEntry {
  readonly id: string
  /** The revision of the document that the candidate is to replace. */
  readonly base: string
  /** The ids of the instances that try the candidate. */
  readonly canaries: readonly string[]
  /** How long the lease of the driver lasts, in milliseconds. */
  readonly ttlMs: number
  readonly by: string
  readonly reason: string
}

/** What became of a rollout, apart from the end of its lease. */
export interface RolloutEnd {
  readonly rollout: string
  /** Who has aborted it, or the id of the instance that has refused its candidate. */
  readonly by?: string
}

/** Begins the names of all that is said of rollouts, so that one call reads it. */
export const ROLLOUT = 'rollout'

/** Names the rollout that was promoted last: it is written together with the document. */
export const PROMOTED = 'rollout-promoted'

/** Names the rollout that was aborted last. */
export const ABORTED = 'rollout-aborted'

/** Names the rollout whose candidate an instance has refused last. What is published must not have been refused meanwhile. */
export const REFUSED = 'rollout-refused'

/** Where the candidate of the rollout lies. */
export const CANDIDATE = 'candidate'

export const encodeRollout = (entry: RolloutEntry): string => JSON.stringify({ schema: FLEET_SCHEMA, ...entry })

/** Returns `undefined` for what this version does not understand. */
const decodeRollout = (text: string): RolloutEntry | undefined => {
  const value = parseFleetText(text)
  if (value === undefined) return undefined
  const { id, base, canaries, ttlMs } = value
  const isEntry =
    typeof id === 'string' && typeof base === 'string' && Array.isArray(canaries) && typeof ttlMs === 'number'
  return isEntry ? (value as unknown as RolloutEntry) : undefined
}

export const encodeRolloutEnd = (end: RolloutEnd): string => JSON.stringify({ schema: FLEET_SCHEMA, ...end })

const decodeRolloutEnd = (text: string): RolloutEnd | undefined => {
  const value = parseFleetText(text)
  return typeof value?.rollout === 'string' ? (value as unknown as RolloutEnd) : undefined
}

/** All that is said of rollouts. */
export interface RolloutNews {
  /** The one that runs, and the revision of its entry; `0` if none runs. */
  readonly running: RolloutEntry | undefined
  readonly revision: string
  readonly promoted: RolloutEnd | undefined
  readonly aborted: RolloutEnd | undefined
  /** The last refusal, and the revision of its entry; `0` if there was none. */
  readonly refused: RolloutEnd | undefined
  readonly refusedRevision: string
}

/** Reads a listing of what begins with `ROLLOUT`. */
export const rolloutNews = (
  entries: readonly { readonly name: string; readonly text: string; readonly revision: string }[],
): RolloutNews => {
  const held = (wanted: string) => entries.find(({ name }) => name === wanted)
  const [running, promoted, aborted, refused] = [held(ROLLOUT), held(PROMOTED), held(ABORTED), held(REFUSED)]
  return {
    running: running && decodeRollout(running.text),
    revision: running?.revision ?? '0',
    promoted: promoted && decodeRolloutEnd(promoted.text),
    aborted: aborted && decodeRolloutEnd(aborted.text),
    refused: refused && decodeRolloutEnd(refused.text),
    refusedRevision: refused?.revision ?? '0',
  }
}
