import {
  type ConfigAttempt,
  closed,
  type Good,
  type Journal,
  MAX_GOODS,
  MAX_QUARANTINED,
  type Quarantined,
} from '../persisted-state.ts'
import type { StoredSlot } from './store-internals.ts'

/** The newest goods of all slots, each document once. The sequence tells which is newer, whoever has stored it. */
export const mergeGoods = (found: readonly Good[]): readonly Good[] => {
  const sorted = [...found].sort((a, b) => b.sequence - a.sequence || b.savedAt - a.savedAt)
  const isSame = (a: Good, b: Good): boolean => a.digest === b.digest || a.text === b.text
  return sorted.filter((good, index) => sorted.findIndex((other) => isSame(good, other)) === index).slice(0, MAX_GOODS)
}

/**
 * What a start takes over of the own journal and those of other slots.
 *
 * - The newest journal says what is frozen and quarantined: it is that of the process that this one follows.
 * - What has crashed any process is quarantined here too.
 * - Attempts are taken over with their slot. Of a process that lives, the deaths that it knows of are: this one follows
 *   them too, whichever of the two has taken over the slot of the process that died.
 *
 * Digests of different keys cannot be compared, so only journals with one key are merged. The own key stays.
 */
export const mergeJournals = (own: Journal | undefined, others: readonly StoredSlot[]): Journal | undefined => {
  const foreign = others.flatMap(({ journal }) => journal ?? [])
  const all = [...(own === undefined ? [] : [own]), ...foreign].sort((a, b) => versionOf(b) - versionOf(a))
  const [newest] = all
  if (newest === undefined) return undefined
  const { digestKey } = own ?? newest
  const [base = newest, ...rest] = all.filter((journal) => journal.digestKey === digestKey)
  const comparable = others.filter(({ journal }) => journal?.digestKey === digestKey)
  return {
    ...base,
    version: versionOf(newest),
    attempts: [...(own?.attempts ?? []), ...comparable.flatMap(attemptsIn)],
    quarantine: withCrashes(
      base.quarantine,
      rest.flatMap(({ quarantine }) => quarantine),
    ),
  }
}

/** What a slot says of attempts that are over, or may be. */
const attemptsIn = ({ journal, owner, isAdopted }: StoredSlot): readonly ConfigAttempt[] => {
  const { attempts = [] } = journal ?? {}
  if (isAdopted) return attempts
  // Left by the one before, who has ended: the owner has only just taken the slot.
  const isLeft = ({ isOpen, owner: by }: ConfigAttempt): boolean =>
    isOpen && owner !== undefined && owner.instance !== '' && by?.instance !== owner.instance
  return attempts.flatMap((attempt) => (isLeft(attempt) ? [attempt] : attempt.deaths > 0 ? [closed(attempt)] : []))
}

const versionOf = ({ version = 0 }: Journal): number => version

const withCrashes = (known: readonly Quarantined[], others: readonly Quarantined[]): readonly Quarantined[] => {
  const isSame = (a: Quarantined, b: Quarantined): boolean => a.digest === b.digest && a.build === b.build
  const crashed = others.filter(({ code }) => code === 'attempt.died')
  const added = crashed.filter(
    (entry, index) =>
      !known.some((other) => isSame(entry, other)) && crashed.findIndex((other) => isSame(entry, other)) === index,
  )
  return [...added, ...known].slice(0, MAX_QUARANTINED)
}
