import { digestOf } from './data/digest.ts'
import type { Revision } from './revision.ts'

/** Parsed, validated, deep-frozen plain data of one document. */
export class Snapshot {
  readonly config: unknown
  readonly revision: Revision
  /** The document's text: a document that comes again with the same text is not parsed again. */
  readonly text: string
  readonly #digestKey: string
  #digest: string | undefined

  constructor(config: unknown, revision: Revision, text: string, digestKey: string) {
    this.config = config
    this.revision = revision
    this.text = text
    this.#digestKey = digestKey
  }

  /** The keyed hash of the config, computed when it is first read: usually after the commit. */
  get digest(): string {
    this.#digest ??= digestOf(this.config, this.#digestKey)
    return this.#digest
  }

  /** Returns the same config at another revision. */
  withRevision(revision: Revision): Snapshot {
    const snapshot = new Snapshot(this.config, revision, this.text, this.#digestKey)
    snapshot.#digest = this.#digest
    return snapshot
  }
}
