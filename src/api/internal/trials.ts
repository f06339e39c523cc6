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

const trials = new WeakMap<object, Trials>()

/** Stores how to put a document on trial, so that `trialsOf` finds it. */
export const registerTrials = (reloader: object, given: Trials): void => {
  trials.set(reloader, given)
}

/** Returns the trials of a reloader that `createReloader` of this copy of the package made. */
export const trialsOf = (reloader: object): Trials => {
  const found = trials.get(reloader)
  if (found === undefined) throw new TypeError('not a reloader')
  return found
}
