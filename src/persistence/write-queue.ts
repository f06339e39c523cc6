import type { Failure } from '../model/failure.ts'
import type { EntryContent, StoredEntry } from './stored-entry.ts'

export interface WriteQueueEvents {
  readonly onSettled: (failed: Failure | undefined) => void
  /** Called when a pass has ended, before the promises of its requests resolve. */
  readonly onPassed: () => void
}

/**
 * Keeps the newest contents in a group of entries: the goods in three, the journal in one. A new content replaces the
 * oldest; the newest is written first, and never over the newest that is stored. So wherever a write fails or the process
 * dies, the newest of before or a newer one is stored.
 */
export class WriteQueue {
  #entries: readonly StoredEntry[]
  readonly #events: WriteQueueEvents
  #requested: readonly EntryContent[] = []
  #waiters: ((isStored: boolean) => void)[] = []
  #isClosed = false

  constructor(entries: readonly StoredEntry[], events: WriteQueueEvents) {
    this.#entries = entries
    this.#events = events
  }

  /**
   * Replaces the request before. Takes contents newest first, one for each entry at most. Resolves after the first try:
   * true if all of them, or of a later request, are stored.
   */
  request(contents: readonly EntryContent[]): Promise<boolean> {
    this.#requested = contents
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  get isDone(): boolean {
    return this.#requested.every(({ text }) => this.#entries.some((entry) => entry.content?.text === text))
  }

  /** True if something is left to write, and no abandoned save might still land on it. */
  get canWrite(): boolean {
    return !this.isDone && !this.#entries.some(({ isUnsettled }) => isUnsettled)
  }

  /** Writes what is missing, up to the first failure. Never rejects. */
  async pass(): Promise<void> {
    const waiters = this.#waiters.splice(0)
    const free = new Set(this.#entries)
    let isStored = true
    for (const content of this.#requested) {
      const entry = this.#entryFor(content, free)
      free.delete(entry)
      if (entry.content?.text === content.text) continue
      const failed = await entry.save(content)
      this.#events.onSettled(failed)
      isStored = failed === undefined && !this.#isClosed
      if (isStored) continue
      // Last among equals, so that the next pass tries another entry.
      this.#entries = [...this.#entries.filter((other) => other !== entry), entry]
      break
    }
    if (!this.#isClosed) this.#events.onPassed()
    for (const resolve of waiters) resolve(isStored)
  }

  /** Abandons the save that is running; nothing is written any more. */
  close(): void {
    this.#isClosed = true
    for (const entry of this.#entries) entry.close()
    for (const resolve of this.#waiters.splice(0)) resolve(false)
  }

  /** Finds the entry that holds the content, or else the one to overwrite. */
  #entryFor({ text, sequence }: EntryContent, free: ReadonlySet<StoredEntry>): StoredEntry {
    const newest = Math.max(...this.#entries.map(({ content }) => content?.sequence ?? -1))
    const rankOf = ({ content, highestSequence, isUnsettled }: StoredEntry): number => {
      if (content?.text === text) return -4
      // Its save is refused: nothing is written while an abandoned save may land.
      if (isUnsettled) return -3
      // A good whose revision or digest has changed.
      if (content?.sequence === sequence) return -2
      return content?.sequence === newest ? Number.POSITIVE_INFINITY : highestSequence
    }
    return [...free].reduce((best, entry) => (rankOf(entry) < rankOf(best) ? entry : best))
  }
}
