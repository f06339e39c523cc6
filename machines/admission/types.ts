import type { Candidate } from '../../src/model/candidate.ts'

export interface AdmissionContext {
  /** The newest document that the source has told or shown, let through or not. */
  readonly newest: Candidate | undefined
  /** Changes that have not been let through yet: the newest of them, and those that it has overtaken. */
  readonly gathered: number
  /** Changes let through since the source was last quiet. */
  readonly burst: number
  /** Windows in a row in which several changes were gathered; the next one is longer. */
  readonly windows: number
}

export type AdmissionEvent =
  | { readonly type: 'source.changed'; readonly candidate: Candidate }
  /** Somebody had the source read, and takes the document itself. */
  | { readonly type: 'document.read'; readonly candidate: Candidate }
  | { readonly type: 'freeze.requested' }
  | { readonly type: 'unfreeze.requested' }
  | { readonly type: 'close.requested' }
