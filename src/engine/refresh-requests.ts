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
  /** What a transaction has taken last, and how many requests there were then. */
  #taken: { readonly candidate: Candidate; readonly requests: number } | undefined
  /** The number of the last request for each module. */
  readonly #modules = new Map<string, number>()
  /** The number of the last request for all modules. */
  #all = 0
  #requests = 0
  #settled = 0
  #needsSource = true

  constructor(intake: Intake, store: ServingStore) {
    this.#intake = intake
    this.#store = store
  }

  get pending(): Forced | undefined {
    if (this.#all > this.#settled) return 'all'
    return this.#modules.size === 0 ? undefined : [...this.#modules.keys()]
  }

  request(forces: Forced): void {
    this.#requests += 1
    if (forces === 'all') this.#all = this.#requests
    else for (const name of forces) this.#modules.set(name, this.#requests)
  }

  /** Notes that a transaction has committed. What was asked for since it took its candidate is still pending. */
  settle(candidate: Candidate | undefined): void {
    if (candidate === undefined || candidate !== this.#taken?.candidate) return
    const { requests } = this.#taken
    this.#settled = requests
    for (const [name, request] of this.#modules) if (request <= requests) this.#modules.delete(name)
  }

  /** Returns what the transaction that tries this candidate must refresh. It settles that if it commits. */
  take(candidate: Candidate): Forced | undefined {
    this.#taken = { candidate, requests: this.#requests }
    return this.pending
  }

  /** Says whether the next read must be answered by the source; otherwise what serves will do. */
  requireSource(isRequired: boolean): void {
    this.#needsSource = isRequired
  }

  /** Reads the source; takes what serves if only modules are to be refreshed and the source cannot be asked. Never rejects. */
  async fetch(seen: Revision | undefined, signal: AbortSignal): Promise<FetchResult> {
    const isOptional = !this.#needsSource && this.pending !== undefined
    const serving = isOptional ? this.#candidateOfServing() : undefined
    if (serving === undefined) return this.#intake.fetch(seen, signal)
    const result = this.#intake.isFrozen ? undefined : await this.#intake.fetch(seen, signal)
    return result?.kind === 'found' ? result : { kind: 'found', candidate: serving }
  }

  #candidateOfServing(): Candidate | undefined {
    const { snapshot } = this.#store
    if (snapshot === undefined) return undefined
    const { revision, text } = snapshot
    return this.#intake.documents.register({ kind: 'document', revision, content: text })
  }
}
