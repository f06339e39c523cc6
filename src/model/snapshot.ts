import { digestOf } from './digest.ts'
import type { Revision } from './revision.ts'

/** Parsed, validated, deep-frozen plain data of one document. */
export class Snapshot {
  readonly config: unknown
  readonly revision: Revision
  /** The document's text: one that comes again with the same text needs no parsing. */
  readonly text: string
  readonly #digestKey: string
  #digest: string | undefined

  constructor(config: unknown, revision: Revision, text: string, digestKey: string) {
    this.config = config
    this.revision = revision
    this.text = text
    this.#digestKey = digestKey
  }

  /** Keyed hash of the config. Made when it is first asked for, which mostly is after the tick. */
  get digest(): string {
    this.#digest ??= digestOf(this.config, this.#digestKey)
    return this.#digest
  }

  /** The same config, come as another document. */
  withRevision(revision: Revision): Snapshot {
    const same = new Snapshot(this.config, revision, this.text, this.#digestKey)
    same.#digest = this.#digest
    return same
  }
}
