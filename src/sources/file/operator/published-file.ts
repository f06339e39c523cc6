import { readdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../../api/clock.ts'
import { sleep } from '../../../async/deadline.ts'
import { readStamp } from '../../../files/read-file.ts'
import type { Change, HeldDocument, History, Written } from '../../../history/document-store.ts'
import { type HistoryEntry, MAX_ENTRIES } from '../../../history/history-entry.ts'
import { nextEntries } from '../../../history/next-entries.ts'
import { changeoverError } from '../../../model/failure.ts'
import { systemFiles } from '../../../persistence/file-system.ts'
import { systemProcesses } from '../../../persistence/sharing/owner.ts'
import { SlotClaim } from '../../../persistence/sharing/slot-claim.ts'
import { fileKey, takeStore } from '../../../persistence/sharing/stores-in-use.ts'
import { staleTemporaries } from '../../../persistence/temporary-files.ts'
import { HistoryFolder, writeDurably } from './history-folder.ts'
import { readDocument, revisionOf } from './read-document.ts'

/** Only its owner may read a new document, since it may hold a password one day. */
const NEW_FILE_MODE = 0o600
const LOCK_POLL_MS = 20
const LOCK = 'lock'

/** A file and its history, for a command that publishes or looks back. */
export class PublishedFile {
  readonly #path: string
  readonly #folder: HistoryFolder
  readonly #lockMs: number

  constructor(path: string, lockMs: number) {
    this.#path = path
    this.#folder = new HistoryFolder(path)
    this.#lockMs = lockMs
  }

  async history(limit = MAX_ENTRIES): Promise<History> {
    const document = await readDocument(this.#path)
    const pending = await this.#published(document)
    const numbers = (await this.#folder.numbers()).filter((number) => number !== pending?.number)
    const entries = pending === undefined ? [] : [pending]
    for (const number of numbers.slice(0, limit - entries.length)) {
      const entry = await this.#folder.entry(number)
      if (entry !== undefined) entries.push(entry)
    }
    const digestKey = await this.#folder.digestKey()
    const [newest] = entries
    const head = digestKey === undefined ? undefined : { number: newest?.number ?? 0, digestKey }
    return { document, head, entries, isCurrent: newest !== undefined && newest.text === document.text }
  }

  async entry(number: number): Promise<HistoryEntry | undefined> {
    const pending = await this.#published(await readDocument(this.#path))
    return pending?.number === number ? pending : this.#folder.entry(number)
  }

  async write(change: Change, signal: AbortSignal): Promise<Written> {
    await this.#folder.create()
    const processes = systemProcesses()
    const lock = new SlotClaim(join(this.#folder.path, LOCK), systemFiles, processes)
    const vacate = await this.#take(lock, processes.self.instance, signal)
    try {
      return await this.#writeLocked(change)
    } finally {
      await lock.release()
      vacate()
    }
  }

  async #writeLocked(change: Change): Promise<Written> {
    await this.#recover()
    const document = await readDocument(this.#path)
    if (document.revision !== change.ifRevision) throw conflict(document)
    const head = await this.#folder.makeHead()
    const newest = head.number === 0 ? undefined : await this.#folder.entry(head.number)
    const isCurrent = newest !== undefined && newest.text === document.text
    const { found, entry } = nextEntries(change, { document, isCurrent }, head, systemClock.now())
    if (found !== undefined) await this.#folder.add(found)
    await this.#folder.begin(entry)
    // An editor takes no lock, so the file is looked at once more, right before it is replaced.
    const latest = await readDocument(this.#path)
    if (latest.revision !== document.revision) {
      await this.#folder.discard(entry)
      throw conflict(latest)
    }
    await writeDurably(this.#path, Buffer.from(change.text), await this.#mode())
    const revision = revisionOf(await readStamp(this.#path))
    await this.#folder.confirm(entry)
    await this.#folder.prune()
    return { revision, number: entry.number }
  }

  /** Ends what a publisher has begun that was killed. */
  async #recover(): Promise<void> {
    const pending = await this.#folder.pending()
    if (pending !== undefined) {
      const { text } = await readDocument(this.#path)
      await (text === pending.text ? this.#folder.confirm(pending) : this.#folder.discard(pending))
    }
    const beside = staleTemporaries(this.#path, await readdir(dirname(this.#path)))
    const names = await readdir(this.#folder.path)
    const locks = staleTemporaries(join(this.#folder.path, LOCK), names)
    const inside = names.flatMap((name) => {
      const [, main] = /^(\d+\.(?:entry|pending)|head\.json)\.[^.]+\.tmp$/.exec(name) ?? []
      return main === undefined ? [] : staleTemporaries(join(this.#folder.path, main), [name])
    })
    for (const path of [...beside, ...locks, ...inside]) await unlink(path).catch(() => {})
  }

  /** The entry of a publisher that has written the document, and was killed before it could say so. */
  async #published({ text }: HeldDocument): Promise<HistoryEntry | undefined> {
    const pending = await this.#folder.pending()
    return pending !== undefined && pending.text === text ? pending : undefined
  }

  /** Waits until no other publisher holds the file, of this process or of another. */
  async #take(lock: SlotClaim, instance: string, signal: AbortSignal): Promise<() => void> {
    const end = systemClock.monotonic() + this.#lockMs
    for (;;) {
      const vacate = occupy(fileKey(lock.base), instance)
      if (vacate !== undefined && (await lock.take())) return vacate
      vacate?.()
      if (systemClock.monotonic() >= end) throw changeoverError('history.busy', { detail: `${this.#lockMs} ms` })
      await sleep(systemClock, LOCK_POLL_MS, signal)
      signal.throwIfAborted()
    }
  }

  async #mode(): Promise<number> {
    try {
      return (await stat(this.#path)).mode & 0o777
    } catch {
      return NEW_FILE_MODE
    }
  }
}

/** Undefined if a publisher of this process holds it. */
const occupy = (key: string, instance: string): (() => void) | undefined => {
  try {
    return takeStore([key], instance)
  } catch {
    return undefined
  }
}

const conflict = ({ revision }: HeldDocument) => changeoverError('source.conflict', { revision })
