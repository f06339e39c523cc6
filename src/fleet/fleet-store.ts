/** What a fleet keeps, by names such as `instances/web-1`. All of it lies beside the document. */
export interface Held {
  readonly name: string
  readonly text: string
  /** Changes with each write. */
  readonly revision: string
}

/** What a folder held at one revision. */
export interface Listing {
  readonly entries: readonly Held[]
  /** The revision of the document; `0` if there is none. */
  readonly document: string
}

/** A change that is made as a whole, or not at all. */
export interface FleetWrite {
  /** What must not have changed: the revisions of names. `0` stands for a name that holds nothing. */
  readonly expect: Readonly<Record<string, string>>
  readonly put?: Readonly<Record<string, string>>
  /** What is put ends together with this lease. */
  readonly lease?: string
  readonly remove?: readonly string[]
}

/**
 * Where a fleet meets: small texts beside the document, leases under which they are kept, and a watch. Calls reject with a
 * `SourceError`, and settle soon after their signal aborts.
 */
export interface FleetStore {
  /** Where it is, for messages. */
  readonly place: string
  /** True if the keys below a prefix form the document. */
  readonly isPrefix: boolean
  /** Starts a lease that ends after `ttlMs` unless it is renewed. Returns its id. */
  readonly grant: (ttlMs: number, signal: AbortSignal) => Promise<string>
  /** Returns false if the lease has ended. */
  readonly renew: (lease: string, signal: AbortSignal) => Promise<boolean>
  /** Ends a lease, and what was put under it. */
  readonly revoke: (lease: string, signal: AbortSignal) => Promise<void>
  /** Reads all names that begin with this. */
  readonly list: (prefix: string, signal: AbortSignal) => Promise<Listing>
  /**
   * Makes a change. Returns the revision that it has made, or `undefined` if something was not as expected or the lease has
   * ended.
   */
  readonly write: (change: FleetWrite, signal: AbortSignal) => Promise<string | undefined>
  /** Yields once the watch is open, and whenever something changes below the folder. Throws when it breaks. */
  readonly watch: (folder: string, signal: AbortSignal) => AsyncIterable<void>
  /** Releases connections of its own. */
  readonly close: () => void
}
