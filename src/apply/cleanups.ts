import { withDeadline } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'

/** The clean-ups that a prepare has registered: each run once, in reverse order, whatever becomes of the others. */
export class Cleanups {
  #cleanups: (() => unknown)[] = []
  #onAdded: (() => void) | undefined

  /** One that comes when the prepare has failed already is run at once. */
  add(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup)
    this.#onAdded?.()
  }

  /** Never rejects; waits for each as long as `deadlineMs`. */
  async run(clock: Clock, deadlineMs: number, onError: (error: unknown) => void): Promise<void> {
    this.#onAdded = () => void this.#runAll(clock, deadlineMs, onError)
    await this.#runAll(clock, deadlineMs, onError)
  }

  async #runAll(clock: Clock, deadlineMs: number, onError: (error: unknown) => void): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      const ended = await withDeadline(cleanup, { clock, deadlineMs, graceMs: 0 }).result
      if (ended.kind !== 'done') onError('error' in ended ? ended.error : undefined)
    }
  }
}
