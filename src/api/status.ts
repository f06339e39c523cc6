import type { Failure } from '../model/failure.ts'
import type { Outcome, TransactionRecord } from '../model/record.ts'
import type { Revision } from '../model/revision.ts'

/** The state of the watch. */
export type SourceState = 'connecting' | 'opening' | 're-reading' | 'watching' | 'compacted' | 'backing-off' | 'closed'

/** The state of one layer of the source. */
export interface LayerStatus {
  /** The name of the layer, which is its kind unless it has been given another. */
  readonly name: string
  /** The kind of source: `etcd`, `file`, `defaults`, `environment`. */
  readonly kind: string
  readonly endpoint: string
  /** False if the config may be made without the layer. */
  readonly required: boolean
  /** The state of its watch. */
  readonly state: SourceState
  /** What its last read found; absent before the first. */
  readonly found?: 'document' | 'missing' | 'malformed'
  /** The revision that is in use. */
  readonly revision?: Revision
  /** Present while the layer cannot be read: since which wall-clock time its last text is in use, or it is left out. */
  readonly stale?: { readonly since: number }
  /** The last error. It stays after the layer has recovered. */
  readonly lastError?: Failure
}

/** The state of the source. */
export interface SourceStatus {
  /** The kind of source: `etcd`, `file`, `memory`. */
  readonly name: string
  /** The address that the source shows. */
  readonly endpoint: string
  readonly state: SourceState
  /** Wall-clock time at which it entered this state, in milliseconds since the Unix epoch, as all times here. */
  readonly since: number
  /** The newest revision seen. */
  readonly revision?: Revision
  /** Wall-clock time of the last read that succeeded. */
  readonly verifiedAt?: number
  /** The last error. It stays after the source has recovered. */
  readonly lastError?: Failure
  /** The layers, the lowest first, if the source is made of layers. */
  readonly layers?: readonly LayerStatus[]
}

/** How many transactions had each outcome, and how many failures were reported outside of a transaction. */
export type Counters = Readonly<Record<Outcome | 'reported', number>>

/** A document in the good history, without its text. */
export interface GoodStatus {
  readonly revision: Revision
  readonly digest: string
  /** Wall-clock time at which it passed its soak. */
  readonly provedAt: number
}

/** A config in quarantine: it is not tried again for now. */
export interface QuarantineStatus {
  readonly digest: string
  /** The name of the revision. */
  readonly revision: string
  /** The code of the failure that decided. */
  readonly code: string
  /** What the code means, and the code of the cause, as text. */
  readonly reason: string
  /** The code of its cause, if it has one that may be shown. */
  readonly causeCode?: string
  readonly module?: string
  readonly phase?: string
  /** How many times it failed in a row. */
  readonly count: number
  /** Wall-clock time of the last failure. */
  readonly since: number
  /**
   * Wall-clock time of the next try. Absent if only a caller has it tried again, with `retry`, `release` or `reload`: a
   * `commit` threw, the change was not confirmed, or the module declared the failure `permanent`. In every case the entry
   * ends once another document has committed.
   */
  readonly nextTryAt?: number
}

/** What a newer document of the source waits for. */
export type WaitReason =
  /** More changes of a storm, which are applied as one. */
  | 'storm'
  /** The end of the running transaction. */
  | 'transaction'
  /** The end of the soak. */
  | 'soak'
  /** The confirmation of the running transaction; only a document that would be rejected waits for it. */
  | 'confirmation'
  /** A call of `unfreeze`. */
  | 'freeze'
  /** The end of its quarantine. */
  | 'quarantine'
  /** A call of a module that has been abandoned and has not settled. */
  | 'module'
  /** A build of the service that the document requires. */
  | 'build'
  /** The next start of the process: the option `restart` holds the change until then. */
  | 'restart'

/** The state of one module and the account of its generations: `opened = closed + live + leaked`, always. */
export interface ModuleStatus {
  /** The modules that it depends on. */
  readonly after: readonly string[]
  readonly state: 'serving' | 'off' | 'degraded' | 'closed'
  /** Generations that were prepared. */
  readonly opened: number
  /** Generations that were closed. */
  readonly closed: number
  /** Generations that serve, are prepared or drain. */
  readonly live: number
  /** Generations whose close failed or has not ended in time. */
  readonly leaked: number
}

/** A freeze: why, by whom if that was said, and since when. `waiting` is the newest revision, unless it serves. */
export interface FrozenStatus {
  readonly reason: string
  readonly by?: string
  readonly since: number
  readonly waiting?: Revision
}

/** A change that takes effect only when the process starts anew. */
export interface RestartPendingStatus {
  /** The paths that differ from what the process started with. Keys that may be user data are `*`. The first 100. */
  readonly paths: readonly string[]
  /** Wall-clock time at which it was noticed. */
  readonly since: number
  /** The document that is not applied before the restart, with the policy `hold`. */
  readonly held?: Revision
}

/** The state of a reloader: plain data without config values. */
export interface ReloaderStatus {
  /** Names the reloader on the channels and in logs: the ids of its transactions begin with it. */
  readonly id: string
  /** The option `build`, if it is given. */
  readonly build?: string
  /** The state of the reload machine. At rest it says how the last transaction ended. */
  readonly state: string
  /** Wall-clock time at which it entered this state. */
  readonly since: number
  /** The serving snapshot; absent before the first commit. */
  readonly serving?: { readonly revision: Revision; readonly digest: string }
  /** The last snapshot that passed its soak. */
  readonly lastKnownGood?: { readonly revision: Revision; readonly digest: string }
  /** The good documents that `revert` can return to, newest first. */
  readonly goodHistory: readonly GoodStatus[]
  /**
   * Present while the source cannot be read: the wall-clock time since which the serving config has not been compared
   * with it. A config that was restored from `lastKnownGood` counts from its soak.
   */
  readonly stale?: { readonly since: number }
  /**
   * Present while the newest document of the source has not been tried, or waits to be tried again: what it waits for,
   * and until which wall-clock time, if that is known.
   */
  readonly waiting?: { readonly revision: Revision; readonly reason: WaitReason; readonly until?: number }
  /** Present while changes are frozen. */
  readonly frozen?: FrozenStatus
  /** Present while paths that are declared as `restart` differ from what the process started with. */
  readonly restartPending?: RestartPendingStatus
  /** Present while a transaction awaits a call of `confirm` with its id, until this wall-clock time. */
  readonly confirmation?: { readonly transaction: string; readonly until: number }
  /** The configs that are not tried again for now. */
  readonly quarantine: readonly QuarantineStatus[]
  /** The last save, and why saving fails now, if it does; absent without `lastKnownGood`. */
  readonly persistence?: { readonly lastSavedAt?: number; readonly lastError?: Failure }
  /** True if the newest document of the source serves. */
  readonly inSync: boolean
  /** The modules that may not serve the config; empty unless `state` is `degraded`. */
  readonly degraded: readonly string[]
  readonly source: SourceStatus
  readonly modules: Readonly<Record<string, ModuleStatus>>
  readonly counters: Counters
  /** The record of the last transaction that ended. `failures` is absent if it had none. */
  readonly last?: TransactionRecord & { readonly failures?: readonly Failure[] }
}
