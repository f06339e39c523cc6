import type { Config, Target, Trap } from '../model.ts'

/** Where the configs are, as the scenes handle it: always directly, never through the gate. */
export interface Store {
  readonly target: Target
  /** Writes a whole config in the store's best way: one transaction, one publication, one atomic rename. */
  readonly put: (version: number, trap?: Trap) => Promise<unknown>
  /** Writes something that is no config. */
  readonly putBroken: () => Promise<unknown>
  /** Removes the config. */
  readonly remove: () => Promise<unknown>
  /** Takes the store away and gives it back. */
  readonly down: () => Promise<unknown>
  readonly up: () => Promise<unknown>
  /** While it is away, the store forgets its history, where it has one. */
  readonly forget: () => Promise<unknown>
  /** Resets every connection until `up`. */
  readonly reset: () => void
  /** Connections that the service has tried so far. */
  readonly attempts: () => number
  /**
   * Changes the config to `version` in such a way that the first fetch after the notification fails. Resolves once a
   * fetch has failed.
   */
  readonly putWithFailedFetch: (version: number) => Promise<unknown>
  readonly stop: () => Promise<unknown>
}

export const configOf = (version: number, trap: Trap = 'none'): Config => ({
  left: `${version}`,
  right: `${version}`,
  trap,
})

export const brokenText = '{"left": "0", "ri'

/** Waits until something is so, or gives up. */
export const until = async (isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> => {
  const end = performance.now() + limitMs
  for (;;) {
    if (await isSo()) return true
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
