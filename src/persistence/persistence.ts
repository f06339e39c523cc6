import type { ReloaderStatus } from '../api/status.ts'
import type { Clock, TimerHandle } from '../api/clock.ts'
import type { GoodStore } from '../api/good-store.ts'
import type { BackoffOptions } from '../api/options.ts'
import { backoffMs, safeRandom } from '../async/backoff.ts'
import { type Failure, failure } from '../model/failure.ts'
import { goodCodec, journalCodec } from './codec.ts'
import { mergeGoods, mergeJournals } from './sharing/merge-slots.ts'
import { type Good, type Journal, MAX_GOODS, type PersistedState } from './persisted-state.ts'
import { OtherProcesses } from './sharing/other-processes.ts'
import { type EntryContent, StoredEntry } from './stored-entry.ts'
import { WriteQueue } from './write-queue.ts'

export interface PersistenceOptions {
  readonly clock: Clock
  /** How long one call of the store may take, in milliseconds. */
  readonly deadlineMs: number
  /** Receives every failure of a load or save. */
  readonly report: (failed: Failure) => void
  /** When a failed save is retried. @default 1 s, doubling up to 60 s */
  readonly backoff?: Required<BackoffOptions>
  readonly random?: () => number
}

export type PersistenceStatus = NonNullable<ReloaderStatus['persistence']>

/**
 * Keeps the goods and the journal in a store that may fail, hang or answer late. Nothing here throws or rejects: failures
 * are reported, and a failed save is retried with back-off until it succeeds, is replaced by a newer one, or `close` is
 * called. Call `load` before the first save: the saves overwrite the oldest of what it has found.
 */
export class Persistence {
  readonly others: OtherProcesses
  readonly #options: PersistenceOptions
  readonly #random: () => number
  readonly #goodEntries: readonly StoredEntry[]
  readonly #journalEntry: StoredEntry
  readonly #goods: WriteQueue
  readonly #journal: WriteQueue
  /** The queues with something to write, in the order of their requests. */
  readonly #pending = new Set<WriteQueue>()
  #worker: Promise<void> | undefined
  #timer: TimerHandle
  #retries = 0
  /** A good that is too large for any store. */
  #unstorable: Failure | undefined
  #lastSavedAt: number | undefined
  #lastError: Failure | undefined
  #isClosed = false
  #version = 0

  constructor(store: GoodStore, options: PersistenceOptions) {
    this.#options = options
    this.#random = safeRandom(options.random)
    const { clock, deadlineMs } = options
    const entryOptions = { clock, deadlineMs, onLate: (failed?: Failure) => this.#noteLate(failed) }
    const events = { onSettled: (failed?: Failure) => this.#noteSettled(failed), onPassed: () => this.#noteIfDone() }
    this.#journalEntry = new StoredEntry('journal', store, entryOptions)
    this.#goodEntries = (['good', 'good.1', 'good.2'] as const).map(
      (name) => new StoredEntry(name, store, entryOptions),
    )
    this.#journal = new WriteQueue([this.#journalEntry], events)
    this.#goods = new WriteQueue(this.#goodEntries, events)
    this.others = new OtherProcesses(store, { clock, deadlineMs, report: (failed) => this.#tell(failed) })
  }

  /** Loads all entries within one deadline. An entry that cannot be read or used is reported and left out. */
  async load(): Promise<PersistedState> {
    if (this.#isClosed) return { goods: [], journal: undefined }
    const [others, journal, ...entries] = await Promise.all([
      this.others.load({ adopt: true }),
      this.#journalEntry.load(journalCodec, () => 0),
      ...this.#goodEntries.map((entry) => entry.load(goodCodec, ({ sequence }) => sequence)),
    ])
    for (const { failed } of [...entries, journal]) if (failed !== undefined) this.#note(failed)
    const { version = 0, ...merged } = mergeJournals(journal.value, others) ?? {}
    this.#version = Math.max(this.#version, version)
    return {
      goods: mergeGoods([...entries.flatMap(({ value }) => value ?? []), ...others.flatMap(({ goods }) => goods)]),
      journal: 'digestKey' in merged ? merged : undefined,
      ...(others.some(({ isAdopted }) => isAdopted) ? { hasAdopted: true } : {}),
    }
  }

  /**
   * Stores the first three goods, given newest first with falling sequences, over the oldest that are stored. The newest
   * good in the store never gets older, whatever fails. Resolves after the first try: true if all of them are stored.
   */
  async saveGoods(goods: readonly Good[]): Promise<boolean> {
    this.#unstorable = undefined
    const contents = goods.slice(0, MAX_GOODS).flatMap((good) => {
      const text = goodCodec.encode(good)
      if (text !== undefined) return { text, sequence: good.sequence }
      this.#unstorable = this.#noteTooLarge('a good')
      return []
    })
    const isWhole = this.#unstorable === undefined
    return (await this.#save(this.#goods, contents)) && isWhole
  }

  /**
   * Stores the journal; of several pending ones only the newest is written. Resolves after the first try: true if this
   * journal or a newer one is stored.
   */
  saveJournal(journal: Journal): Promise<boolean> {
    const text = journalCodec.encode(this.others.hasSlots ? { ...journal, version: ++this.#version } : journal)
    if (text !== undefined) return this.#save(this.#journal, [{ text, sequence: 0 }])
    this.#noteTooLarge('a journal')
    return Promise.resolve(false)
  }

  /** Resolves when every requested save has been tried once, each within its deadline. */
  async flush(): Promise<void> {
    await this.#worker
  }

  status(): PersistenceStatus {
    return {
      ...(this.#lastSavedAt === undefined ? {} : { lastSavedAt: this.#lastSavedAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /** Stops waiting, retrying and saving at once: call `flush` first. A call that the store has begun runs on. */
  close(): void {
    this.#isClosed = true
    this.#clearTimer()
    this.#pending.clear()
    this.#goods.close()
    this.#journal.close()
  }

  get #queues(): readonly WriteQueue[] {
    return [this.#goods, this.#journal]
  }

  #save(queue: WriteQueue, contents: readonly EntryContent[]): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    const stored = queue.request(contents)
    // To the end, so that saves become durable in the order of their requests.
    this.#pending.delete(queue)
    this.#pending.add(queue)
    this.#wake()
    return stored
  }

  #wake(): void {
    if (this.#pending.size > 0) this.#worker ??= this.#work()
  }

  async #work(): Promise<void> {
    for (const queue of this.#pending) {
      this.#pending.delete(queue)
      await queue.pass()
      if (this.#isClosed) return
    }
    this.#worker = undefined
    this.#scheduleRetry()
  }

  #scheduleRetry(): void {
    if (this.#timer !== undefined || !this.#queues.some(({ canWrite }) => canWrite)) return
    this.#retries += 1
    const { clock, backoff = { minMs: 1_000, maxMs: 60_000 } } = this.#options
    this.#timer = clock.setTimeout(() => this.#retry(), backoffMs(backoff, this.#retries, this.#random))
  }

  #retry(): void {
    this.#clearTimer()
    for (const queue of this.#queues) if (queue.canWrite) this.#pending.add(queue)
    this.#wake()
  }

  /** A save that was abandoned has settled. */
  #noteLate(failed: Failure | undefined): void {
    if (this.#isClosed) return
    this.#noteSettled(failed)
    if (failed === undefined) {
      this.#noteIfDone()
      this.#retry()
    } else if (this.#worker === undefined) this.#scheduleRetry()
  }

  #noteSettled(failed: Failure | undefined): void {
    if (failed === undefined) this.#lastSavedAt = this.#options.clock.now()
    else this.#note(failed)
  }

  #noteIfDone(): void {
    if (!this.#queues.every(({ isDone }) => isDone)) return
    this.#clearTimer()
    this.#retries = 0
    this.#lastError = this.#unstorable
  }

  #clearTimer(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #noteTooLarge(what: string): Failure {
    const failed = failure('persistence.failed', { phase: 'persist', detail: `${what} that is too large to be kept` })
    this.#note(failed)
    return failed
  }

  #note(failed: Failure): void {
    if (this.#isClosed) return
    this.#lastError = failed
    this.#tell(failed)
  }

  #tell(failed: Failure): void {
    try {
      this.#options.report(failed)
    } catch {
      // A reporter that throws must not stop the saves.
    }
  }
}
