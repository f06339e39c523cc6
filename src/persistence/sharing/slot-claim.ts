import { basename, dirname } from 'node:path'
import { ownerCodec } from '../codec.ts'
import { readEntry } from '../entry-file.ts'
import type { FileSystem } from '../file-system.ts'
import type { Owner, Processes } from './owner.ts'
import { temporaryFor } from '../temporary-files.ts'

/** A taker is overtaken a few times at most; a folder whose list stays behind must not make it try forever. */
const MAX_TRIES = 50

/**
 * Says whose a slot is: `base.owner-<n>` names its owner, and is empty once it was released. The highest `n` counts. A
 * taker creates the next one in a single step that fails if another taker was faster, and a number never returns: so two
 * takers that found the same dead owner cannot both win.
 */
export class SlotClaim {
  readonly base: string
  readonly #files: FileSystem
  readonly #processes: Processes
  #file: string | undefined

  constructor(base: string, files: FileSystem, processes: Processes) {
    this.base = base
    this.#files = files
    this.#processes = processes
  }

  /** Takes the slot unless its owner lives, or may live. Rejects if the folder does not allow claims. */
  async take(): Promise<boolean> {
    const text = ownerCodec.encode(this.#processes.self) ?? ''
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const latest = (await this.#numbers()).at(-1) ?? 0
      const owner = await this.#ownerIn(latest)
      const isOwn = owner?.instance === this.#processes.self.instance
      if (owner !== undefined && !isOwn) return false
      // Its own claim: it was made by a call that seemed to fail.
      const mine = isOwn ? latest : latest + 1
      if (!isOwn && !(await this.#files.createWhole(this.#fileOf(mine), text))) continue
      const numbers = await this.#numbers()
      // A higher one: this taker was so slow that the slot has had other owners meanwhile.
      const isLatest = numbers.every((number) => number <= mine)
      const left = isLatest ? numbers.filter((number) => number < mine) : [mine]
      for (const number of left) await this.#files.unlink(this.#fileOf(number)).catch(() => {})
      if (!isLatest) continue
      this.#file = this.#fileOf(mine)
      return true
    }
    return false
  }

  /** The other process that uses the slot, as far as can be told. */
  async owner(): Promise<Owner | undefined> {
    const owner = await this.#ownerIn((await this.#numbers()).at(-1) ?? 0)
    return owner?.instance === this.#processes.self.instance ? undefined : owner
  }

  /** Empties the claim, so that the slot can be taken although this process lives on. */
  async release(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) return
    const { temporary, done } = temporaryFor(file)
    try {
      await (await this.#files.create(temporary)).close()
      await this.#files.rename(temporary, file)
    } catch {
      // The slot is free once the process has ended.
    } finally {
      done()
    }
  }

  #fileOf(number: number): string {
    return `${this.base}.owner-${number}`
  }

  /** The numbers of all claims, in rising order. */
  async #numbers(): Promise<readonly number[]> {
    const prefix = `${basename(this.base)}.owner-`
    const names = await this.#files.list(dirname(this.base))
    return names
      .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,14}$/.test(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length)))
      .sort((one, other) => one - other)
  }

  async #ownerIn(number: number): Promise<Owner | undefined> {
    if (number === 0) return undefined
    const { self, stateOf } = this.#processes
    try {
      const decoded = ownerCodec.decode(await readEntry(this.#files, this.#fileOf(number)))
      // A claim that the power has cut short: the machine was off, so its owner has ended.
      if (decoded.kind !== 'valid' || stateOf(decoded.value) === 'dead') return undefined
      return decoded.value
    } catch {
      // It cannot be read, since it belongs to another user: its owner may live.
      return { ...self, host: '', boot: '', space: '', instance: '' }
    }
  }
}
