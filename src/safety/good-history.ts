import type { GoodStatus } from '../api/status.ts'
import type { Good } from '../persistence/journal.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** The last known good and the two before it. */
const MAX_GOODS = 3

/** Far in the future, and below what a sequence may be. */
const MAX_TIME = 2 ** 50

/** The snapshots that have passed their soak, newest first, each digest once. */
export class GoodHistory {
  #goods: readonly Good[] = []

  get goods(): readonly Good[] {
    return this.#goods
  }

  load(goods: readonly Good[]): void {
    this.#goods = goods.slice(0, MAX_GOODS)
  }

  /** True where the config is the last known good. */
  isNewest(digest: string): boolean {
    return this.#goods[0]?.digest === digest
  }

  /** The good that is meant by the name of its revision or by its digest; without either the one before the newest. */
  find(to: string | undefined): Good | undefined {
    if (to === undefined) return this.#goods[1]
    return this.#goods.find(({ digest, revision }) => digest === to || revision.name === to)
  }

  /** The newest from now on; true where it was good before. */
  add(snapshot: Snapshot, savedAt: number): boolean {
    const { digest, revision, text } = snapshot
    // Of one text with another digest, where the key was lost, there is but one too.
    const others = this.#goods.filter((good) => good.digest !== digest && good.text !== text)
    const isKnown = others.length < this.#goods.length
    const sequence = this.#nextSequence(savedAt)
    this.#goods = [{ sequence, savedAt, revision, digest, text }, ...others].slice(0, MAX_GOODS)
    return isKnown
  }

  /** A good has come as another document, or after the loss of the digest key: it becomes the newest. */
  renew({ digest, revision, text }: Snapshot): void {
    const known = this.#goods.find((good) => good.digest === digest || good.text === text)
    if (known === undefined) return
    const others = this.#goods.filter((good) => good !== known)
    const sequence = known === this.#goods[0] ? known.sequence : this.#nextSequence(known.savedAt)
    this.#goods = [{ ...known, sequence, digest, revision, text }, ...others]
  }

  /** Above all that are known; by the clock, since what was kept earlier may not have been readable. */
  #nextSequence(now: number): number {
    // A time that no clock shows is of an entry that somebody has written.
    const least = Math.floor(Math.min(now, MAX_TIME))
    return Math.max(0, least, ...this.#goods.map(({ sequence }) => sequence + 1))
  }
}

export const goodStatus = ({ revision, digest, savedAt }: Good): GoodStatus => ({ revision, digest, provedAt: savedAt })
