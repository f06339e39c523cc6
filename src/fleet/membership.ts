import type { SourceContext } from '../api/source.ts'
import type { FleetStore } from './fleet-store.ts'

/** One reloader as a member of a fleet. */
export interface Member {
  /** Notes what the source has read, so that equal documents have equal digests in the whole fleet. */
  readonly noteDocument: (revision: string, content: string | Uint8Array) => void
  /** Removes the entry. Never rejects, and ends within some seconds. */
  readonly leave: () => Promise<void>
}

/** What `fleet` makes, and a source takes: how a reloader joins a fleet. */
export interface Membership {
  /** Called by the source when a reloader attaches it. */
  readonly join: (context: SourceContext, store: FleetStore) => Member
}
