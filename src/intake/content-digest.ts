import type { ReadResult } from '../api/source.ts'
import { hashOf } from '../model/data/digest.ts'

/** How much content may wait for its hash, in characters or bytes, beside that of the newest document. */
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
    this.#about = `${kind} ${more ?? ''}`
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
 * next ones, and that of a large content milliseconds, for which a change would have to wait (bench: reload, noop).
 */
export class HashLater {
  #waiting: ContentDigest[] = []
  #size = 0
  #isDue = false

  add(digest: ContentDigest): void {
    this.#waiting.push(digest)
    this.#size += digest.size
    if (this.#isDue || this.#size <= MAX_WAITING) return
    this.#isDue = true
    setImmediate(() => this.#hashAll()).unref()
  }

  /** The newest keeps its content: it is the one that the next is compared with. */
  #hashAll(): void {
    const newest = this.#waiting.pop()
    for (const waiting of this.#waiting) waiting.hash()
    this.#waiting = []
    this.#size = 0
    this.#isDue = false
    if (newest !== undefined) this.#waiting.push(newest)
  }
}
