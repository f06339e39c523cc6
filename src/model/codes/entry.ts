export interface CodeEntry {
  /** What happened, as the start of a sentence; the place follows in brackets. */
  readonly what: string
  /** What to do, as a sentence. */
  readonly hint: string
}

/** What a reader of a failure wants to hear first. */
export const keepsServing = 'What served before keeps serving'
