import type { Candidate, Forced } from '../model/candidate.ts'
import type { FetchResult, Intake } from '../intake/intake.ts'
import type { Revision } from '../model/revision.ts'
import type { ServingStore } from '../modules/serving-store.ts'

/**
 * Remembers which modules must be prepared again although nothing in their slices has changed, until a commit has done
 * it: a transaction that fails, or that a newer document supersedes, leaves the request to the next one.
 */
export class RefreshRequests {
  readonly #intake: Intake
  readonly #store: ServingStore
  #pending: Forced | undefined
  #needsSource = true

  constructor(intake: Intake, store: ServingStore) {
    this.#intake = intake
    this.#store = store
  }

  get pending(): Forced | undefined {
    return this.#pending
  }

  request(forces: Forced): void {
    const before = this.#pending ?? []
    this.#pending = before === 'all' || forces === 'all' ? 'all' : [...new Set([...before, ...forces])]
  }

  /** Says whether the next read must be answered by the source; otherwise what serves will do. */
  requireSource(isRequired: boolean): void {
    this.#needsSource = isRequired
  }

  /** Notes that a transaction has committed. What was asked for while it ran is still pending. */
  settle(candidate: Candidate | undefined): void {
    if (candidate?.forces === this.#pending) this.#pending = undefined
  }

  /** Reads the source; takes what serves if only modules are to be refreshed and the source cannot be asked. Never rejects. */
  async fetch(seen: Revision | undefined, signal: AbortSignal): Promise<FetchResult> {
    const isOptional = !this.#needsSource && this.#pending !== undefined
    const serving = isOptional ? this.#candidateOfServing() : undefined
    if (serving !== undefined && this.#intake.isFrozen) return this.#mark(serving)
    const result = await this.#intake.fetch(seen, signal)
    if (result.kind === 'found') return this.#mark(result.candidate)
    return serving === undefined ? result : this.#mark(serving)
  }

  #mark(candidate: Candidate): FetchResult {
    const forces = this.#pending
    const marked = forces === undefined ? candidate : this.#intake.documents.mark(candidate, { forces })
    return { kind: 'found', candidate: marked }
  }

  #candidateOfServing(): Candidate | undefined {
    const { snapshot } = this.#store
    if (snapshot === undefined) return undefined
    const { revision, text } = snapshot
    return this.#intake.documents.register({ kind: 'document', revision, content: text })
  }
}
