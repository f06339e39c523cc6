import type { ReadResult } from '../api/source.ts'
import { hashOf } from '../model/data/digest.ts'

/** How much content waits for its hash, in characters or bytes, beside that of the newest document. */
const MAX_WAITING = 16_384

/** Stands for what a document says, and is equal for equal documents. It does not leave the guard. */
export class ContentDigest {
  /** All but the content. */
  readonly #about: string
  #content: string | Uint8Array | undefined
  #hash = ''

  constructor(result: ReadResult) {
    const { kind } = result
    const more = kind === 'document' ? result.fingerprint : kind === 'malformed' ? result.code : undefined
    this.#about = more === undefined ? kind : `${kind} ${more}`
    if (kind === 'document') this.#content = result.content
  }

  get size(): number {
    return this.#content?.length ?? 0
  }

  equals(other: ContentDigest): boolean {
    if (this.#about !== other.#about) return false
    const areTexts = typeof this.#content === 'string' && typeof other.#content === 'string'
    return areTexts ? this.#content === other.#content : this.hash() === other.hash()
  }

  /** Lets go of the content. */
  hash(): string {
    if (this.#content !== undefined) this.#hash = hashOf(this.#content)
    this.#content = undefined
    return this.#hash
  }
}

/**
 * Hashes contents some time after they have come, many at once: the first hash after a pause takes ten times as long as the
 * next ones, and a change would have to wait for it (bench: reload).
 */
export class HashLater {
  #waiting: ContentDigest[] = []
  #size = 0

  add(digest: ContentDigest): void {
    if (this.#size + digest.size > MAX_WAITING) {
      for (const waiting of this.#waiting) waiting.hash()
      this.#waiting = []
      this.#size = 0
    }
    this.#waiting.push(digest)
    this.#size += digest.size
  }
}
