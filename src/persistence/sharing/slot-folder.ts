import { basename, dirname } from 'node:path'
import type { EntryName } from '../../api/good-store.ts'
import { type Codec, goodCodec, journalCodec } from '../codec.ts'
import { readEntry, refuseUnlessOurs } from '../entry-file.ts'
import type { FileSystem } from '../file-system.ts'
import type { Processes } from './owner.ts'
import type { Good } from '../persisted-state.ts'
import { SlotClaim } from './slot-claim.ts'
import type { StoredSlot } from './store-internals.ts'
import { staleTemporaries } from '../temporary-files.ts'

export const entryNames: readonly EntryName[] = ['good', 'good.1', 'good.2', 'journal']

/** How often the slots are read if some are merged into others meanwhile. */
const MAX_LOOKS = 10

/** The file of an entry in a slot. */
export const fileOf = (base: string, name: EntryName): string =>
  name === 'good' ? base : `${base}.${name.replace(/^good\./, '')}`

/**
 * Gives each process that uses a path a slot: a set of files that no other process writes, so that no write is lost. The
 * lowest slot that is free is taken. A slot is free if its process has ended, and what it left is adopted: merged into
 * the own slot, and then removed. A slot of a process that lives, or that may live, is only read.
 *
 * Where slots cannot be claimed (no hard links, no list of the folder), all processes share the first one.
 */
export class SlotFolder {
  readonly #main: string
  readonly #files: FileSystem
  readonly #processes: Processes
  #opening: Promise<void> | undefined
  #claim: SlotClaim | undefined
  #slot = 0
  readonly #adopted = new Map<number, SlotClaim>()

  constructor(main: string, files: FileSystem, processes: Processes) {
    this.#main = main
    this.#files = files
    this.#processes = processes
  }

  /** Where the own files are. */
  get base(): string {
    return this.#baseOf(this.#slot)
  }

  /** Chooses the slot and removes stale temporary files, once. */
  open(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  /** Tries again to claim a slot if that has failed. */
  async reopen(): Promise<void> {
    await this.#opening
    if (this.#opening !== undefined && this.#claim === undefined) await this.#choose()
  }

  async #open(): Promise<void> {
    await this.#choose()
    for (const stale of staleTemporaries(this.#main, await this.#list()))
      await this.#files.unlink(stale).catch(() => {})
  }

  async #choose(): Promise<void> {
    for (let slot = 0; ; slot++) {
      const claim = this.#claimOf(slot)
      try {
        if (!(await claim.take())) continue
        this.#claim = claim
      } catch {
        // Claims are a help: the files can be used without.
      }
      this.#slot = slot
      return
    }
  }

  /** Reads the other slots. With `adopt`, takes those of processes that have ended. */
  async others(adopt: boolean): Promise<readonly StoredSlot[]> {
    await this.open()
    let slots = await this.#slots()
    for (let tries = 1; ; tries++) {
      const found: StoredSlot[] = []
      for (const [slot, hasEntries] of slots) found.push(...(await this.#look(slot, hasEntries, adopt)))
      // What has gone meanwhile was merged into a slot that may have been read before that.
      const before = slots
      slots = before.size === 0 ? before : await this.#slots()
      const hasGone = [...before].some(([slot, hasEntries]) => hasEntries && slots.get(slot) !== true)
      if (!hasGone || tries === MAX_LOOKS) return found
    }
  }

  async #look(slot: number, hasEntries: boolean, adopt: boolean): Promise<readonly StoredSlot[]> {
    const claim = this.#claimOf(slot)
    const mayAdopt = adopt && hasEntries && this.#claim !== undefined
    const takes = mayAdopt && !this.#adopted.has(slot)
    if (takes && (await claim.take().catch(() => false))) this.#adopted.set(slot, claim)
    const isAdopted = this.#adopted.has(slot)
    const owner = isAdopted ? undefined : await claim.owner()
    return hasEntries || owner !== undefined ? [{ ...(await this.#read(slot)), owner, isAdopted }] : []
  }

  async discardAdopted(): Promise<void> {
    for (const claim of this.#takeAdopted()) {
      for (const name of entryNames) await this.#remove(fileOf(claim.base, name))
      await claim.release()
    }
  }

  async release(): Promise<void> {
    await this.#opening
    for (const claim of [...this.#takeAdopted(), this.#claim]) await claim?.release()
    this.#claim = undefined
    this.#opening = undefined
  }

  #takeAdopted(): readonly SlotClaim[] {
    const claims = [...this.#adopted.values()]
    this.#adopted.clear()
    return claims
  }

  /** The other slots that have a file, and whether they have entries. */
  async #slots(): Promise<ReadonlyMap<number, boolean>> {
    const slots = slotsIn(await this.#list(), basename(this.#main))
    slots.delete(this.#slot)
    return slots
  }

  #baseOf(slot: number): string {
    return slot === 0 ? this.#main : `${this.#main}.slot${slot}`
  }

  #claimOf(slot: number): SlotClaim {
    return new SlotClaim(this.#baseOf(slot), this.#files, this.#processes)
  }

  async #list(): Promise<readonly string[]> {
    return this.#files.list(dirname(this.#main)).catch(() => [])
  }

  async #read(slot: number): Promise<Pick<StoredSlot, 'goods' | 'journal'>> {
    const read = async <T>(name: EntryName, { decode }: Codec<T>): Promise<T | undefined> => {
      const decoded = decode(await readEntry(this.#files, fileOf(this.#baseOf(slot), name)).catch(() => undefined))
      return decoded.kind === 'valid' ? decoded.value : undefined
    }
    const goods: Good[] = []
    for (const name of entryNames) {
      const good = name === 'journal' ? undefined : await read(name, goodCodec)
      if (good !== undefined) goods.push(good)
    }
    return { goods, journal: await read('journal', journalCodec) }
  }

  async #remove(file: string): Promise<void> {
    try {
      await refuseUnlessOurs(this.#files, file)
      await this.#files.unlink(file)
    } catch {
      // It is read again by the next start, which changes nothing.
    }
  }
}

/** The slots that have a file in the folder, and whether they have more than a claim. */
const slotsIn = (names: readonly string[], main: string): Map<number, boolean> => {
  const slots = new Map<number, boolean>()
  for (const name of names.filter((one) => one.startsWith(main))) {
    const found = /^(?:\.slot([1-9]\d{0,8}))?(?:\.1|\.2|\.journal|(\.owner-\d+))?$/.exec(name.slice(main.length))
    if (found === null) continue
    const slot = Number(found[1] ?? 0)
    slots.set(slot, (slots.get(slot) ?? false) || found[2] === undefined)
  }
  return slots
}
