import type { Revision } from './model/revision.ts'

/** Parsed, validated, deep-frozen plain data of one document. */
export interface Snapshot {
  readonly config: unknown
  readonly revision: Revision
  readonly digest: string
  /** The document's text: one that comes again with the same text needs no parsing. */
  readonly text: string
}
