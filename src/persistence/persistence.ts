import { backoffMs, safeRandom } from '../async/backoff.ts'
import type { Clock, TimerHandle } from '../api/clock.ts'
import { type Failure, failure } from '../model/failure.ts'
import { goodCodec, idOf, journalCodec } from './codec.ts'
import { StoredEntry } from './stored-entry.ts'
import { Line } from './write-queue.ts'
import type { Good, Journal } from './journal.ts'
import type { GoodStore } from '../api/good-store.ts'

export interface PersistenceOptions {
  readonly clock: Clock
  /** How long one call of the store may take, in milliseconds. */
  readonly deadlineMs: number
  /** Gets every failure, of a load and of each try to save. */
  readonly report: (failed: Failure) => void
  /** When a save that failed is tried again. Default: 1 s, doubling up to 60 s. */
  readonly retry?: { readonly minMs: number; readonly maxMs: number }
  readonly random?: () => number
}

/** What was kept. */
export interface PersistedState {
  /** Those that can be used, newest first, each digest once. */
  readonly goods: readonly Good[]
  readonly journal: Journal | undefined
}

/** How keeping goes. */
export interface PersistenceStatus {
  /** Wall-clock time of the last save that succeeded. */
  readonly lastSavedAt?: number
  /** The last failure; gone once everything that is to be kept is. */
  readonly lastError?: Failure
}

const MOST_GOODS = 3

/**
 * Keeps goods and the journal in a store that may fail, hang or answer late. Nothing here throws or rejects: failures are
 * reported, and what could not be saved is tried again with back-off until it is saved, replaced by something newer, or
 * the keeper is closed. Call `load` before the first save: what the store holds decides the order of writing.
 */
export class Persistence {
  readonly #options: PersistenceOptions
  readonly #random: () => number
  readonly #goodEntries: readonly StoredEntry[]
  readonly #journalEntry: StoredEntry
  readonly #goods: Line
  readonly #journal: Line
  /** Lines whose turn comes, first asked first. */
  readonly #queue = new Set<Line>()
  #running: Line | undefined
  #passing: Promise<void> = Promise.resolve()
  #timer: TimerHandle
  #attempts = 0
  /** That a good cannot be kept at all, whatever the store does. */
  #leftOut: Failure | undefined
  #lastSavedAt: number | undefined
  #lastError: Failure | undefined
  #isClosed = false

  constructor(store: GoodStore, options: PersistenceOptions) {
    this.#options = options
    this.#random = safeRandom(options.random)
    const { clock, deadlineMs } = options
    const entryOptions = { clock, deadlineMs, onSettled: (failed?: Failure) => this.#onSettled(failed) }
    this.#goodEntries = (['good', 'good.1', 'good.2'] as const).map(
      (name) => new StoredEntry(name, store, entryOptions),
    )
    this.#journalEntry = new StoredEntry('journal', store, entryOptions)
    this.#goods = new Line(this.#goodEntries)
    this.#journal = new Line([this.#journalEntry])
  }

  /** What is kept; an entry that cannot be read or used is reported and left out. Takes one deadline at most. */
  async load(): Promise<PersistedState> {
    if (this.#isClosed) return { goods: [], journal: undefined }
    const [journal, ...entries] = await Promise.all([
      this.#journalEntry.load(journalCodec.decode, () => 0),
      ...this.#goodEntries.map((entry) => entry.load(goodCodec.decode, ({ sequence }) => sequence)),
    ])
    for (const { failed } of [...entries, journal]) if (failed !== undefined) this.#note(failed)
    const found = entries
      .flatMap(({ value }) => value ?? [])
      .sort((a, b) => b.sequence - a.sequence || b.savedAt - a.savedAt)
    const goods = found.filter((good, index) => found.findIndex(({ digest }) => digest === good.digest) === index)
    return { goods, journal: journal.value }
  }

  /**
   * Keeps the first three goods, given newest first with falling sequences. Whatever stops it, the newest good that is
   * kept is the one of before or a newer one. Resolves after the first try: true where all of them are kept.
   */
  saveGoods(goods: readonly Good[]): Promise<boolean> {
    this.#leftOut = undefined
    const texts = goods.slice(0, MOST_GOODS).flatMap((good) => {
      const text = goodCodec.encode(good)
      if (text !== undefined) return { text, id: idOf(text), sequence: good.sequence }
      this.#leftOut = failure('persistence.failed', { phase: 'persist', detail: 'a good that is too large to be kept' })
      this.#note(this.#leftOut)
      return []
    })
    const isWhole = this.#leftOut === undefined
    return this.#save(this.#goods, texts).then((isKept) => isKept && isWhole)
  }

  /**
   * Keeps the journal. Of several that wait the newest alone is written. Resolves after the first try: true where a
   * journal at least as new is kept.
   */
  saveJournal(journal: Journal): Promise<boolean> {
    const text = journalCodec.encode(journal)
    if (text !== undefined) return this.#save(this.#journal, [{ text, id: idOf(text), sequence: 0 }])
    this.#note(failure('persistence.failed', { phase: 'persist', detail: 'a journal that is too large to be kept' }))
    return Promise.resolve(false)
  }

  /** Resolves when the saves that were asked for have been tried once, each within its deadline. */
  async flush(): Promise<void> {
    // Not the lines' own waiters: a line that has just told them is still the running one for a moment.
    while (this.#running !== undefined) await this.#passing
  }

  status(): PersistenceStatus {
    return {
      ...(this.#lastSavedAt === undefined ? {} : { lastSavedAt: this.#lastSavedAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /** Ends waiting, retrying and saving at once: `flush` first. What the store has begun goes on in the store. */
  close(): void {
    this.#isClosed = true
    this.#clearTimer()
    this.#queue.clear()
    this.#running = undefined
    for (const entry of [...this.#goodEntries, this.#journalEntry]) entry.giveUp()
    for (const line of this.#lines) line.close()
  }

  get #lines(): readonly Line[] {
    return [this.#goods, this.#journal]
  }

  #save(line: Line, texts: Parameters<Line['want']>[0]): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    line.want(texts)
    const ended = line.ended()
    // To the end of the queue, so that saves become durable in the order in which they were asked for.
    this.#queue.delete(line)
    this.#queue.add(line)
    void this.#run()
    return ended
  }

  async #run(): Promise<void> {
    if (this.#running !== undefined || this.#isClosed) return
    for (const line of this.#queue) {
      this.#queue.delete(line)
      this.#running = line
      this.#passing = line.pass({
        isClosed: () => this.#isClosed,
        saved: () => {
          this.#lastSavedAt = this.#options.clock.now()
        },
        failed: (failed) => this.#note(failed),
        ended: () => this.#noteIfDone(),
      })
      await this.#passing
      if (this.#isClosed) return
    }
    this.#running = undefined
    this.#rest()
  }

  #noteIfDone(): void {
    if (!this.#lines.every(({ isDone }) => isDone)) return
    this.#clearTimer()
    this.#attempts = 0
    this.#lastError = this.#leftOut
  }

  /** Nothing is being written: what is left is tried again later. */
  #rest(): void {
    this.#noteIfDone()
    if (this.#timer !== undefined || !this.#lines.some(({ canBeTried }) => canBeTried)) return
    this.#attempts += 1
    const { clock, retry = { minMs: 1_000, maxMs: 60_000 } } = this.#options
    this.#timer = clock.setTimeout(() => this.#retry(), backoffMs(retry, this.#attempts, this.#random))
  }

  #retry(): void {
    this.#timer = undefined
    for (const line of this.#lines) if (!line.isDone) this.#queue.add(line)
    void this.#run()
  }

  #onSettled(failed: Failure | undefined): void {
    if (this.#isClosed) return
    if (failed !== undefined) {
      this.#note(failed)
      if (this.#running === undefined) this.#rest()
      return
    }
    this.#lastSavedAt = this.#options.clock.now()
    this.#clearTimer()
    this.#retry()
  }

  #clearTimer(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #note(failed: Failure): void {
    if (this.#isClosed) return
    this.#lastError = failed
    try {
      this.#options.report(failed)
    } catch {
      // Who reports may fail; keeping goes on.
    }
  }
}
