import type { Candidate } from '../reload/types.ts'

export interface AdmissionContext {
  /** The newest document that the source has told or shown, let through or not. */
  readonly newest: Candidate | undefined
  /** True where it has not been let through yet. */
  readonly isWaiting: boolean
  /** Changes let through since the source was last quiet. */
  readonly burst: number
  /** Windows in a row in which the source was not quiet; the next one is longer. */
  readonly windows: number
}

export type AdmissionEvent =
  | { readonly type: 'source.changed'; readonly candidate: Candidate }
  /** Somebody had the source read, and takes the document itself. */
  | { readonly type: 'document.read'; readonly candidate: Candidate }
  | { readonly type: 'freeze.requested' }
  | { readonly type: 'unfreeze.requested' }
  | { readonly type: 'close.requested' }
