import type { GoodStatus } from '../api/status.ts'
import { pastTime } from '../async/wall-time.ts'
import { type Good, MAX_GOODS } from '../persistence/persisted-state.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** Far in the future, and below the largest sequence. */
const MAX_TIME = 2 ** 50

/** The largest sequence that can be stored. */
const MAX_SEQUENCE = 2 ** 52

/** Holds the snapshots that have passed their soak, newest first, each digest once. */
export class GoodHistory {
  readonly #storesSecrets: boolean
  #goods: readonly Good[] = []

  /** @param storesSecrets true if the store encrypts, so that goods may hold the values of secrets */
  constructor(storesSecrets = false) {
    this.#storesSecrets = storesSecrets
  }

  get goods(): readonly Good[] {
    return this.#goods
  }

  /** Takes over the goods of earlier runs, newest first. The sequence says which is newest, whatever their times are. */
  load(goods: readonly Good[], now: number): void {
    this.#goods = goods.map(({ secrets, ...good }) => {
      const stored = this.#storesSecrets && secrets !== undefined ? { secrets } : {}
      return { ...good, savedAt: pastTime(good.savedAt, now), ...stored }
    })
  }

  /** True if the config is the last known good. */
  isNewest(digest: string): boolean {
    return this.#goods[0]?.digest === digest
  }

  /** Finds a good by the name of its revision or by its digest; without either, the one before the newest. */
  find(to: string | undefined): Good | undefined {
    if (to === undefined) return this.#goods[1]
    return this.#goods.find(({ digest, revision }) => digest === to || revision.name === to)
  }

  /** Makes a snapshot the newest good. Its sequence is higher than `above` and all that are known. */
  add(snapshot: Snapshot, savedAt: number, above = 0): void {
    const { digest, revision, text } = snapshot
    const stored = this.#storedSecretsOf(snapshot)
    // A text stands here once, even if its digest has changed because the key was lost.
    const others = this.#goods.filter((good) => good.digest !== digest && good.text !== text)
    const sequence = this.#nextSequence(savedAt, above)
    this.#goods = [{ sequence, savedAt, revision, digest, text, ...stored }, ...others].slice(0, MAX_GOODS)
  }

  /**
   * Makes a known good the newest, under another revision or after the digest key was lost. True if the values of its secrets
   * that are stored have changed.
   */
  renew(snapshot: Snapshot): boolean {
    const { digest, revision, text } = snapshot
    const known = this.#goods.find((good) => good.digest === digest || good.text === text)
    if (known === undefined) return false
    const others = this.#goods.filter((good) => good !== known)
    const sequence = known === this.#goods[0] ? known.sequence : this.#nextSequence(known.savedAt)
    const { secrets: before, ...kept } = known
    const { secrets } = this.#storedSecretsOf(snapshot)
    this.#goods = [{ ...kept, sequence, digest, revision, text, ...(secrets && { secrets }) }, ...others]
    return JSON.stringify(before) !== JSON.stringify(secrets)
  }

  #storedSecretsOf({ secrets }: Snapshot): Pick<Good, 'secrets'> {
    if (!this.#storesSecrets || secrets === undefined) return {}
    return { secrets: [...secrets].map(([reference, secret]) => ({ reference, ...secret })) }
  }

  /** A sequence above all that are known; by the clock, since earlier goods may not have been readable. */
  #nextSequence(now: number, above = 0): number {
    // A time that no clock shows comes from an entry that was written by hand.
    const least = Math.floor(Math.min(now, MAX_TIME))
    return Math.min(MAX_SEQUENCE, Math.max(least, above + 1, ...this.#goods.map(({ sequence }) => sequence + 1)))
  }
}

export const goodStatus = ({ revision, digest, savedAt }: Good, now: number): GoodStatus => ({
  revision,
  digest,
  provedAt: pastTime(savedAt, now),
})
