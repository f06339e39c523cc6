import type { QuarantineStatus } from '../api/status.ts'
import type { Revision } from '../model/revision.ts'
import type { Owner } from './sharing/owner.ts'

/** What outlives the process. */
export interface PersistedState {
  /** The goods that can be used, newest first, each document once. */
  readonly goods: readonly Good[]
  readonly journal: Journal | undefined
  /** True if some of it was left by other processes, which have ended: save it, and then call `discardAdopted`. */
  readonly hasAdopted?: true
}

/** How many goods are kept: the last known good and the two before it. */
export const MAX_GOODS = 3

/** A snapshot that has passed its soak. */
export interface Good {
  /** Rises with every good: the highest is the newest, whichever entry holds it. */
  readonly sequence: number
  /** Wall-clock milliseconds since the Unix epoch. */
  readonly savedAt: number
  readonly revision: Revision
  readonly digest: string
  /** The document's text. It is parsed and validated again when it is used. */
  readonly text: string
  /** The secrets that the text refers to; only in a store that encrypts. */
  readonly secrets?: readonly StoredSecret[]
}

/** A secret that is stored with a good. */
export interface StoredSecret {
  readonly reference: string
  readonly value: string
  readonly version: string
}

/** How many attempts are kept. */
export const MAX_ATTEMPTS = 16

/** A config that is being tried, or that was when the process died. */
export interface ConfigAttempt {
  readonly digest: string
  readonly build: string
  /** The displayed name of the revision. */
  readonly revision: string
  readonly startedAt: number
  /** How often the process died during an attempt. */
  readonly deaths: number
  /** True while it is being tried; if a restart finds it open, its owner died during the attempt, unless it lives. */
  readonly isOpen: boolean
  /** True if a person or a system has to confirm it. */
  readonly confirm: boolean
  /** Who tries it; absent if an earlier version has written it. */
  readonly owner?: Owner
}

/** An attempt that is over needs no owner. */
export const closed = ({ owner: _, ...attempt }: ConfigAttempt): ConfigAttempt => ({ ...attempt, isOpen: false })

/** How many digests the quarantine holds. */
export const MAX_QUARANTINED = 64

/** A config that is not tried again until its entry expires or is released, in one build. */
export interface Quarantined extends Omit<QuarantineStatus, 'reason' | 'nextTryAt'> {
  readonly build: string
  /** Wall-clock time of the next try; absent if the entry has no expiry. */
  readonly until?: number
}

/** Why changes are frozen. */
export interface Frozen {
  readonly reason: string
  readonly by?: string
  readonly since: number
  /** The digest of the good that serves meanwhile. */
  readonly revertTo?: string
}

/** Everything that outlives the process, except for the goods. */
export interface Journal {
  /** Rises with every save on a path: of several journals, the highest is the newest. `Persistence` sets and removes it. */
  readonly version?: number
  /** The key of all digests: without it they could not be compared after a restart. */
  readonly digestKey: string
  /** At most `MAX_ATTEMPTS`, newest first. */
  readonly attempts: readonly ConfigAttempt[]
  /** At most `MAX_QUARANTINED`, newest first. */
  readonly quarantine: readonly Quarantined[]
  readonly frozen?: Frozen
}
