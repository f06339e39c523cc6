import { changeoverError } from '../../model/failure.ts'
import type { LeasedView } from '../modules.ts'

/** Who holds what serves. */
export interface Holder {
  /** Names the holder if it holds for too long: the pattern of a route, never a URL. */
  readonly route: string | undefined
}

/** A hold on what serves that ends with a call, not with a task. */
export interface Hold {
  readonly view: LeasedView<object, object>
  /** Returns true while no other config and no other instances serve. */
  isServing(): boolean
  /** Ends the hold. Call it once. */
  release(): void
}

/**
 * Holds what serves until `release` is called.
 *
 * @throws ChangeoverError `reloader.not-started`, `reloader.closed`
 */
export type TakeHold = (holder?: Holder) => Hold

const holdings = new WeakMap<object, TakeHold>()

/** Stores how to hold what a reloader serves, so that `holdingOf` finds it. */
export const registerHolding = (reloader: object, take: TakeHold): void => {
  holdings.set(reloader, take)
}

/**
 * Returns the function that holds what a reloader serves.
 *
 * @throws ChangeoverError `reloader.invalid-option` unless `createReloader` of this copy of the package made the
 * reloader
 */
export const holdingOf = (reloader: unknown): TakeHold => {
  const take = typeof reloader === 'object' && reloader !== null ? holdings.get(reloader) : undefined
  if (take === undefined) {
    throw changeoverError('reloader.invalid-option', { detail: 'reloader must be what createReloader returned' })
  }
  return take
}
