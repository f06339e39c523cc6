import { goodCodec, ownerCodec } from '../../../persistence/codec.ts'
import type { Processes } from '../../../persistence/sharing/owner.ts'
import type { Breach } from './run-log.ts'

type Files = ReadonlyMap<string, Buffer>

const INVARIANT = 'last known good'

/**
 * Checks what one process does with the files that all processes share: it takes over and writes no files of another one
 * that lives, and the newest good stays on the disk, whatever is written and removed.
 */
export class FileInvariants {
  readonly #files: Files
  readonly #processes: Processes
  readonly #breach: Breach

  constructor(files: Files, processes: Processes, breach: Breach) {
    this.#files = files
    this.#processes = processes
    this.#breach = breach
  }

  /** Checks a file that is about to be created: it may claim the files of a process that lives. */
  beforeCreate(path: string): void {
    const { base, number } = claimOf(path) ?? {}
    if (base === undefined || !this.#isOfAnother(base, number)) return
    this.#breach(INVARIANT, 'the files of a process that lives are taken over')
  }

  /** Makes a change of the file at `path`, and checks what it leaves. */
  change<T>(path: string, make: () => T): T {
    if (isTemporary(path)) return make()
    const before = newestIn(this.#files)
    const result = make()
    if (newestIn(this.#files) < before) {
      this.#breach(INVARIANT, 'the newest config that was stored is no longer on the disk')
    }
    const isEntry = claimOf(path) === undefined
    if (isEntry && this.#isOfAnother(path.replace(/\.(?:1|2|journal)$/, ''))) {
      this.#breach(INVARIANT, 'the files of a process that lives are changed by another one')
    }
    return result
  }

  /** True if the newest claim of a slot, of those below `limit`, is that of another process that lives. */
  #isOfAnother(base: string, limit = Number.POSITIVE_INFINITY): boolean {
    const claims = [...this.#files.keys()].flatMap((path) => claimOf(path) ?? [])
    const numbers = claims.filter((claim) => claim.base === base && claim.number < limit).map(({ number }) => number)
    const claim = this.#files.get(`${base}.owner-${Math.max(...numbers)}`)
    const owner = ownerCodec.decode(claim?.toString())
    if (owner.kind !== 'valid' || owner.value.instance === this.#processes.self.instance) return false
    return this.#processes.stateOf(owner.value) === 'alive'
  }
}

const claimOf = (path: string): { readonly base: string; readonly number: number } | undefined => {
  const [, base, number] = /^(.*)\.owner-(\d+)$/.exec(path) ?? []
  return base === undefined ? undefined : { base, number: Number(number) }
}

const isTemporary = (path: string): boolean => path.endsWith('.tmp')

/** The highest sequence of a good in the files; 0 without one. */
const newestIn = (files: Files): number =>
  Math.max(0, ...[...files].map(([path, content]) => (isTemporary(path) ? 0 : sequenceOf(content))))

const sequences = new WeakMap<Buffer, number>()

const sequenceOf = (content: Buffer): number => {
  const known = sequences.get(content)
  if (known !== undefined) return known
  const good = goodCodec.decode(content.toString())
  const sequence = good.kind === 'valid' ? good.value.sequence : 0
  sequences.set(content, sequence)
  return sequence
}
