import { digestOf } from './data/digest.ts'
import { digestBasis, type PinnedSecrets } from './secrets/pinned-secrets.ts'
import type { Revision } from './revision.ts'

/** The secrets of a snapshot, and what its digest is made of in place of its config. */
export interface SnapshotSecrets {
  readonly secrets: PinnedSecrets
  /** The data of the document, with its references. */
  readonly written: unknown
}

/** Parsed, validated, deep-frozen plain data of one document. */
export class Snapshot {
  readonly config: unknown
  readonly revision: Revision
  /** The document's text: a document that comes again with a text that says the same is not parsed again. */
  readonly text: string
  readonly #digestKey: string
  readonly #secret: SnapshotSecrets | undefined
  #digest: string | undefined

  constructor(config: unknown, revision: Revision, text: string, digestKey: string, secret?: SnapshotSecrets) {
    this.config = config
    this.revision = revision
    this.text = text
    this.#digestKey = digestKey
    this.#secret = secret
  }

  /** The values with which the config was made, if its document refers to secrets. */
  get secrets(): PinnedSecrets | undefined {
    return this.#secret?.secrets
  }

  /** The keyed hash of the config, computed when it is first read: usually after the commit. */
  get digest(): string {
    this.#digest ??= digestOf(this.#secret === undefined ? this.config : digestBasis(this.#secret), this.#digestKey)
    return this.#digest
  }

  /** Returns the same config of another text that says the same, at another revision. */
  withText(text: string, revision: Revision): Snapshot {
    const snapshot = new Snapshot(this.config, revision, text, this.#digestKey, this.#secret)
    snapshot.#digest = this.#digest
    return snapshot
  }

  /** Takes the digest of a snapshot with the same config: a digest with secrets is made of what is written. */
  withDigestOf(other: Snapshot | undefined): this {
    const isSame = other?.secrets !== undefined && this.secrets !== undefined && other.config === this.config
    if (isSame) this.#digest = other.digest
    return this
  }
}
