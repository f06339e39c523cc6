import type { SourceState } from './status.ts'
import type { Failure, Phase } from '../model/failure.ts'
import type { ModuleChange, PhaseTiming, TransactionRecord, Trigger } from '../model/record.ts'
import type { Revision } from '../model/revision.ts'

/*
 * What is published on the channels of `node:diagnostics_channel`: plain data without config values. `at` is wall-clock
 * time in milliseconds since the Unix epoch; `…Ms` counts from the start of the transaction. `reloader` is
 * `status().id` of the reloader that publishes.
 */

/** A message on the channel `changeover:transaction`. */
export type TransactionMessage =
  /** A transaction has begun. */
  | {
      readonly kind: 'began'
      readonly reloader: string
      readonly transaction: string
      readonly epoch: number
      readonly trigger: Trigger
      readonly at: number
    }
  /**
   * The document of a transaction is a config. The modules that it changes follow in dependency order; there are none
   * if it is rejected. The message is repeated if a newer document replaces the first.
   */
  | {
      readonly kind: 'planned'
      readonly reloader: string
      readonly transaction: string
      readonly revision: Revision
      readonly modules: readonly { readonly module: string; readonly change: ModuleChange }[]
      readonly atMs: number
    }
  /** A transaction has ended. */
  | {
      readonly kind: 'ended'
      readonly reloader: string
      readonly transaction: string
      readonly record: TransactionRecord
    }

/** A message on the channel `changeover:phase`: a call of a module begins or has ended. `close` comes after the record. */
export interface PhaseMessage {
  readonly kind: 'began' | 'ended'
  readonly reloader: string
  readonly transaction: string
  readonly module: string
  readonly phase: Phase
  readonly startMs: number
  /** Present once the call has ended. */
  readonly ended?: { readonly atMs: number; readonly result: PhaseTiming['result'] }
}

/** A message on the channel `changeover:source`: the watch has entered a state. */
export interface SourceMessage {
  readonly kind: 'entered'
  readonly reloader: string
  /** The kind of source: `etcd`, `file`, `memory`. */
  readonly source: string
  readonly state: SourceState
  readonly at: number
  /** The newest revision seen. */
  readonly revision?: Revision
  /** Why the source cannot be read; present in the state `backing-off`. */
  readonly code?: string
}

/** A message on the channel `changeover:state`. */
export type StateMessage =
  /** The reload machine has entered a state. */
  | { readonly kind: 'entered'; readonly reloader: string; readonly state: string; readonly at: number }
  /** Changes are frozen, or no longer frozen. */
  | { readonly kind: 'frozen' | 'unfrozen'; readonly reloader: string; readonly at: number }
  /** Something failed outside of a transaction. */
  | { readonly kind: 'reported'; readonly reloader: string; readonly failure: Failure; readonly at: number }
  /** The reloader has closed. No message follows but of calls that were abandoned. */
  | { readonly kind: 'closed'; readonly reloader: string; readonly at: number }

/** The channels by name, with the type of their messages. */
export interface ChannelMessages {
  readonly 'changeover:transaction': TransactionMessage
  readonly 'changeover:phase': PhaseMessage
  readonly 'changeover:source': SourceMessage
  readonly 'changeover:state': StateMessage
}
