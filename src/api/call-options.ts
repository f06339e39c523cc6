import type { Diff } from '../model/data/diff.ts'
import type { Failure } from '../model/failure.ts'
import type { ModuleChange, Unattended } from '../model/record.ts'

/** Options of `start`. */
export interface StartOptions {
  /** Aborts the start, which then closes the reloader and rejects. @default none */
  readonly signal?: AbortSignal
  /** How long to wait for the first commit, in milliseconds. @default no limit: an unreachable source is awaited */
  readonly deadlineMs?: number
  /** Waits for a document that does not exist yet, as for an unreachable source. @default false: the start rejects */
  readonly waitForDocument?: boolean
}

/** Options of `reload`. */
export interface ReloadOptions {
  /**
   * Parses the document again and prepares all modules, although nothing in it has changed: for what it refers to, such
   * as files and environment variables. @default false
   */
  readonly force?: boolean
}

/** Options of `close`. */
export interface CloseOptions {
  /**
   * How long the whole close may take, in milliseconds. Keep it below the time after which the process is killed, which is
   * 30 s in Kubernetes. @default 25000
   */
  readonly deadlineMs?: number
}

/** The change that a listener is called for. */
export interface ChangeContext {
  /** The transaction's id. */
  readonly transaction: string
  /** `back` if a rollback reverted the commit. */
  readonly direction: 'forward' | 'back'
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /** Ends the subscription. @default none */
  readonly signal?: AbortSignal
}

/** Options of `freeze`. */
export interface FreezeOptions {
  /** Who freezes changes; shown and stored with the reason. @default nobody is named */
  readonly by?: string
}

/** Options of `revert`. */
export interface RevertOptions {
  /** A revision name or a digest from `status().goodHistory`. @default the document before the last known good */
  readonly to?: string
  /** Who reverts; shown and stored with the freeze. @default nobody is named */
  readonly by?: string
}

/** Options of `release`. */
export interface ReleaseOptions {
  /** A digest from `status().quarantine`. @default all */
  readonly digest?: string
}

/** The result of a dry run. */
export type PlanReport =
  | { readonly verdict: 'rejected'; readonly failures: readonly Failure[] }
  | (Unattended & {
      /** `failed` if a module could not prepare; only with `prepare: true`. */
      readonly verdict: 'unchanged' | 'changes' | 'failed'
      /** The modules that would change, in dependency order. */
      readonly modules: readonly { readonly module: string; readonly change: ModuleChange }[]
      /** The differences from the serving config; values of public paths only. */
      readonly diff: Diff
      readonly failures: readonly Failure[]
    })

/** Options of `plan`. */
export interface PlanOptions {
  /** Prepares every module that would change, and closes what was prepared. @default false: no module is called */
  readonly prepare?: boolean
}
