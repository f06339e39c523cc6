import type { Failure } from '../model/failure.ts'
import type { Outcome, TransactionRecord } from '../model/record.ts'
import type { Revision } from '../model/revision.ts'

/** Where following the source stands. */
export type SourceState = 'connecting' | 'opening' | 're-reading' | 'watching' | 'compacted' | 'backing-off' | 'closed'

export interface SourceStatus {
  /** What kind of source it is. */
  readonly name: string
  readonly endpoint: string
  readonly state: SourceState
  /** Wall-clock time of entering that state. */
  readonly since: number
  /** The newest revision seen. */
  readonly revision?: Revision
  /** Wall-clock time of the last read that the source answered. */
  readonly verifiedAt?: number
  /** The last error; it stays when the source has recovered. */
  readonly lastError?: Failure
}

/** How often each outcome was reached, and how many failures belonged to no transaction any more. */
export type Counters = Readonly<Record<Outcome | 'reported', number>>

/** What of a good may be shown: no text. */
export interface GoodStatus {
  readonly revision: Revision
  readonly digest: string
  /** Wall-clock time at which it had passed its soak. */
  readonly provedAt: number
}

/** A config that is not tried again for now. */
export interface QuarantineStatus {
  readonly digest: string
  /** The shown name of the revision. */
  readonly revision: string
  /** Why: the first failure's code, and that of its cause where there is one. */
  readonly code: string
  readonly causeCode?: string
  readonly module?: string
  readonly phase?: string
  /** How often it has failed in a row. */
  readonly count: number
  /** Wall-clock time of the last failure. */
  readonly since: number
  /** Wall-clock time of the next try; absent: it is tried only when it is changed, retried or released. */
  readonly until?: number
}

/** The account of one module. `opened = closed + live + leaked`, always. */
export interface ModuleStatus {
  readonly after: readonly string[]
  readonly state: 'serving' | 'off' | 'degraded' | 'closed'
  /** Generations made so far. */
  readonly opened: number
  readonly closed: number
  /** Serving, staged or draining. */
  readonly live: number
  /** Generations whose close failed or does not end. */
  readonly leaked: number
}

export interface ReloaderStatus {
  /** The reload machine's state: at rest, the answer to how the last reload went. */
  readonly state: string
  /** Wall-clock time of entering it. */
  readonly since: number
  /** What serves; absent before the first commit. */
  readonly serving?: { readonly revision: Revision; readonly digest: string }
  /** The last snapshot that has passed its soak. */
  readonly lastKnownGood?: { readonly revision: Revision; readonly digest: string }
  /** The good documents that `revert` can return to, newest first. */
  readonly goodHistory: readonly GoodStatus[]
  /**
   * Present while the source cannot be read: what serves has not been compared with it since then (wall-clock time);
   * where it was restored from the disk, since it was kept.
   */
  readonly stale?: { readonly since: number }
  /** Present while changes are held. */
  readonly frozen?: { readonly reason: string; readonly since: number; readonly waiting?: Revision }
  /** Present while a transaction holds only once `confirm` is called with its id, until then (wall-clock time). */
  readonly confirmation?: { readonly transaction: string; readonly until: number }
  /** Configs that are not tried again for now. */
  readonly quarantine: readonly QuarantineStatus[]
  /** Where a store is given: when it was last written, and what keeps it from being written now. */
  readonly persistence?: { readonly lastSavedAt?: number; readonly lastError?: Failure }
  /** True where what serves is the newest document that the source has shown. */
  readonly inSync: boolean
  /** Modules that may not serve the config; empty unless `state` is `degraded`. */
  readonly degraded: readonly string[]
  readonly source: SourceStatus
  readonly modules: Readonly<Record<string, ModuleStatus>>
  readonly counters: Counters
  /** The record of the last transaction. */
  readonly last?: TransactionRecord
}
