import type { Revision } from '../model/revision.ts'

/** A snapshot that has passed its soak, as it is kept. */
export interface Good {
  /** Rises with every good: the highest one is the newest, whichever entry it is found in. */
  readonly sequence: number
  /** Wall-clock milliseconds since the Unix epoch. */
  readonly savedAt: number
  readonly revision: Revision
  readonly digest: string
  /** The document's text. It is parsed and validated anew when it is used. */
  readonly text: string
}

/** A digest that was, or is about to be, applied. */
export interface ConfigAttempt {
  readonly digest: string
  readonly build: string
  /** The shown name of the revision. */
  readonly revision: string
  readonly startedAt: number
  /** How often the process died in it. */
  readonly deaths: number
  /** Begun and not ended: the process is in it, or died in it. */
  readonly isOpen: boolean
  /** It needs to be confirmed by a person or a system. */
  readonly confirm: boolean
}

/** A digest that is not tried again until it changes, expires or is released. */
export interface Quarantined {
  readonly digest: string
  readonly build: string
  /** The shown name of the revision. */
  readonly revision: string
  readonly code: string
  readonly causeCode?: string
  readonly module?: string
  readonly phase?: string
  readonly count: number
  readonly since: number
  /** Absent: without expiry. */
  readonly until?: number
}

/** That every change is held, and why. */
export interface Frozen {
  readonly reason: string
  readonly since: number
  /** The digest of the good that is to serve meanwhile. */
  readonly revertTo?: string
}

/** What must outlive the process, apart from the goods. */
export interface Journal {
  /** The key of all digests: without it they could not be compared after a restart. */
  readonly digestKey: string
  /** At most 32. */
  readonly attempts: readonly ConfigAttempt[]
  /** At most 256. */
  readonly quarantine: readonly Quarantined[]
  readonly frozen?: Frozen
}
