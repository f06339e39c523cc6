/** A document that the source does not hold yet. */
export interface TrialDocument {
  /** Names the trial. */
  readonly lineage: string
  /** The name of the revision in the records. */
  readonly name: string
  readonly content: string
}

/** Puts a document on trial: it is applied as any other, and the generations before it stay alive until the trial is over. */
export interface Trials {
  /** Returns false if no document can be tried now: nothing serves yet, changes are frozen, or the reloader is closing. */
  readonly offer: (document: TrialDocument) => boolean
  /** The source holds the document now: it stays. */
  readonly promote: () => void
  /** Ends the trial: what served before serves again. */
  readonly end: () => void
}
