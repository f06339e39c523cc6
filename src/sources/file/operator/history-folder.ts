import { mkdir, open, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '../../../files/code-of.ts'
import {
  decodeEntry,
  decodeHead,
  encodeEntry,
  encodeHead,
  type HistoryEntry,
  type HistoryHead,
  MAX_ENTRIES,
  newHead,
} from '../../../history/history-entry.ts'
import { systemFiles } from '../../../persistence/file-system.ts'
import { temporaryFor } from '../../../persistence/temporary-files.ts'

const OWNER_ONLY = 0o600

/** The entries of a file's history: a folder beside the file, with a file for each entry. */
export class HistoryFolder {
  readonly path: string

  constructor(file: string) {
    this.path = `${file}.changeover`
  }

  async create(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 })
  }

  /** The key of the digests, which the first publisher makes. */
  async digestKey(): Promise<string | undefined> {
    const bytes = await ifThere(readFile(join(this.path, HEAD)))
    return bytes === undefined ? undefined : decodeHead(bytes).digestKey
  }

  async makeHead(): Promise<HistoryHead> {
    const digestKey = await this.digestKey()
    if (digestKey === undefined) await writeDurably(join(this.path, HEAD), encodeHead(newHead()), OWNER_ONLY)
    return { number: (await this.numbers()).at(0) ?? 0, digestKey: digestKey ?? (await this.digestKey()) ?? '' }
  }

  /** The numbers of the entries, the newest first. */
  async numbers(): Promise<readonly number[]> {
    return this.#numbersWith(ENTRY)
  }

  async entry(number: number): Promise<HistoryEntry | undefined> {
    const bytes = await ifThere(readFile(this.#path(number, ENTRY)))
    return bytes === undefined ? undefined : decodeEntry(bytes, number)
  }

  /** The entry of a publish that has begun and not ended: it is one if the document has its text. */
  async pending(): Promise<HistoryEntry | undefined> {
    const [number] = await this.#numbersWith(PENDING)
    if (number === undefined) return undefined
    const bytes = await ifThere(readFile(this.#path(number, PENDING)))
    return bytes === undefined ? undefined : decodeEntry(bytes, number)
  }

  async begin(entry: HistoryEntry): Promise<void> {
    await writeDurably(this.#path(entry.number, PENDING), encodeEntry(entry), OWNER_ONLY)
  }

  async add(entry: HistoryEntry): Promise<void> {
    await writeDurably(this.#path(entry.number, ENTRY), encodeEntry(entry), OWNER_ONLY)
  }

  async confirm({ number }: HistoryEntry): Promise<void> {
    await rename(this.#path(number, PENDING), this.#path(number, ENTRY))
    await systemFiles.syncFolder(this.path)
  }

  async discard({ number }: HistoryEntry): Promise<void> {
    await ifThere(unlink(this.#path(number, PENDING)))
  }

  /** Removes the entries that are too many. */
  async prune(): Promise<void> {
    const numbers = await this.numbers()
    for (const number of numbers.slice(MAX_ENTRIES)) await ifThere(unlink(this.#path(number, ENTRY)))
  }

  #path(number: number, kind: string): string {
    return join(this.path, `${String(number).padStart(DIGITS, '0')}${kind}`)
  }

  async #numbersWith(kind: string): Promise<readonly number[]> {
    const names = (await ifThere(readdir(this.path))) ?? []
    return names
      .filter((name) => name.endsWith(kind) && /^\d{10}\.\w+$/.test(name))
      .map((name) => Number(name.slice(0, DIGITS)))
      .sort((one, other) => other - one)
  }
}

const HEAD = 'head.json'
const ENTRY = '.entry'
const PENDING = '.pending'
const DIGITS = 10

/** Replaces a file in one step, so that it survives a loss of power whole. */
export const writeDurably = async (path: string, content: Uint8Array, mode: number): Promise<void> => {
  const { temporary, done } = temporaryFor(path)
  try {
    await writeFile(temporary, content, { flag: 'wx', mode })
    const handle = await open(temporary, 'r+')
    await handle
      .chmod(mode)
      .then(() => handle.sync())
      .finally(() => handle.close())
    await rename(temporary, path)
    await systemFiles.syncFolder(dirname(path))
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  } finally {
    done()
  }
}

/** Undefined if a file or folder does not exist. */
const ifThere = async <Value>(work: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
