import type { Failure } from '../model/failure.ts'
import type { EntryText, StoredEntry } from './stored-entry.ts'
import { isInPlace, nextToWrite, type Place } from './write-order.ts'

/** What a pass tells its keeper. */
export interface Passing {
  readonly isClosed: () => boolean
  readonly saved: () => void
  readonly failed: (failed: Failure) => void
  /** All has been tried; who waits is told next. */
  readonly ended: () => void
}

interface EntryPlace extends Place {
  readonly entry: StoredEntry
  readonly target: EntryText
}

interface Waiter {
  readonly version: number
  readonly resolve: (isKept: boolean) => void
}

/** Entries that are saved together: the goods, or the journal. Of what waits to be saved only the newest is. */
export class Line {
  readonly #entries: readonly StoredEntry[]
  #places: readonly EntryPlace[] = []
  #version = 0
  #waiters: readonly Waiter[] = []

  /** @param entries newest first */
  constructor(entries: readonly StoredEntry[]) {
    this.#entries = entries
  }

  /** From now on these are wanted in the first entries; the others stay as they are. */
  want(texts: readonly EntryText[]): void {
    this.#version += 1
    this.#places = this.#entries.slice(0, texts.length).map((entry, index) => ({
      entry,
      target: texts[index] as EntryText,
      get mayHold() {
        return entry.mayHold
      },
    }))
  }

  /** Resolves at the end of a pass that has tried what is wanted now: true where all of it, or newer, is kept. */
  ended(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters = [...this.#waiters, { version: this.#version, resolve }]
    })
  }

  get isDone(): boolean {
    return this.#places.every(isInPlace)
  }

  /** False where there is nothing to write, or nothing before a save that was given up has settled. */
  get canBeTried(): boolean {
    return nextToWrite(this.#places, ({ entry }) => !entry.isUnsettled) !== undefined
  }

  /** Writes what is wanted now, each entry once at most. Never rejects. */
  async pass({ isClosed, saved, failed, ended }: Passing): Promise<void> {
    const version = this.#version
    const places = this.#places
    const tried = new Set<EntryPlace>()
    const mayTry = (place: EntryPlace): boolean => !tried.has(place)
    for (let place = nextToWrite(places, mayTry); place !== undefined; place = nextToWrite(places, mayTry)) {
      tried.add(place)
      const failure = await place.entry.save(place.target)
      if (isClosed()) return
      if (failure === undefined) saved()
      else failed(failure)
    }
    ended()
    this.#settle(version, places.every(isInPlace))
  }

  /** Nothing is saved any more. */
  close(): void {
    this.#settle(this.#version, false)
  }

  #settle(upTo: number, isKept: boolean): void {
    const settled = this.#waiters.filter(({ version }) => version <= upTo)
    this.#waiters = this.#waiters.filter(({ version }) => version > upTo)
    for (const { resolve } of settled) resolve(isKept)
  }
}
