/** A text that an entry may hold. */
export interface Held {
  /** Equal for equal texts. */
  readonly id: string
  readonly sequence: number
}

/** What an entry holds that has never been saved, or of which nothing can be used. */
export const nothingHeld: Held = { id: '', sequence: -1 }

/** One entry of those that are saved together: what it may hold now, and what it is to hold. */
export interface Place {
  /** One where that is known. After a save that failed, which may have gone through all the same: several. */
  readonly mayHold: readonly Held[]
  readonly target: Held
}

const surelyHolds = ({ mayHold }: Place, held: Held): boolean => mayHold.length === 1 && mayHold[0]?.id === held.id

/** True where the entry is known to hold its target. */
export const isInPlace = (place: Place): boolean => surelyHolds(place, place.target)

/** The newest sequence that could be nowhere any more when this place is written over; -1 where none. */
const lossOf = (place: Place, places: readonly Place[]): number => {
  const lost = place.mayHold.filter((held) => !places.some((other) => other !== place && surelyHolds(other, held)))
  return Math.max(nothingHeld.sequence, ...lost.map(({ sequence }) => sequence))
}

/** The newest sequence that is sure to be in one of the other places. */
const floorOf = (place: Place, places: readonly Place[]): number =>
  Math.max(
    nothingHeld.sequence,
    ...places
      .filter((other) => other !== place)
      .map(({ mayHold }) => Math.min(...mayHold.map(({ sequence }) => sequence))),
  )

/**
 * Which place to write next, `places` being newest first: always the one whose loss is the oldest, and of two alike the
 * older place. So goods move down from the oldest entry to the newest, each being elsewhere before it is written over,
 * and after every write the newest good there is is the one of before or a newer one. `mayTry` says which can be written
 * now; `undefined` where none can, or none without losing the newest.
 */
export const nextToWrite = <P extends Place>(places: readonly P[], mayTry: (place: P) => boolean): P | undefined => {
  let best: { readonly place: P; readonly loss: number } | undefined
  for (const place of [...places].reverse()) {
    if (isInPlace(place) || !mayTry(place)) continue
    const loss = lossOf(place, places)
    const isSafe = place === places[0] || loss <= Math.max(place.target.sequence, floorOf(place, places))
    if (isSafe && (best === undefined || loss < best.loss)) best = { place, loss }
  }
  return best?.place
}
