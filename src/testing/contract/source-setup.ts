import type { Source } from '../../api/source.ts'

/** A source under test, with the functions that change what it reads. Each waits until the store has the change. */
export interface SourceSetup {
  readonly source: Source
  /** Makes this the document. */
  readonly put: (content: string | Uint8Array) => unknown
  /** Removes the document. */
  readonly remove?: () => unknown
  /** Breaks all open watches. With `mend`, reads and watches fail until that is called. */
  readonly breakWatch?: () => unknown
  /** Lets reads and watches work again after `breakWatch`. */
  readonly mend?: () => unknown
  /** Replaces the store by an empty one, whose counts begin again. Reads fail or find nothing meanwhile. */
  readonly wipe?: () => unknown
  /** How many of the source's watches, sockets and timers are still alive; it must reach 0 after `close`. */
  readonly leftovers?: () => number
  /** Removes what the setup made. The suite closes the source before it. */
  readonly dispose?: () => unknown
}

/** What a setup need not be able to do. */
export type SourceAbility = 'remove' | 'breakWatch' | 'wipe'

/** Options of {@link sourceContract}. */
export interface SourceContractOptions {
  /** What the setup cannot do. The cases that need it are left out. @default none */
  readonly lacks?: readonly SourceAbility[]
  /**
   * How long a case waits for a change to be reported, in milliseconds. Choose more than the source polls. The default is
   * below the time limit of most test runners. @default 4_000
   */
  readonly timeoutMs?: number
}

/** One test of the contract. */
export interface ContractCase {
  /** A sentence for the title of the test. */
  readonly name: string
  /** Rejects with an `AssertionError` if the source does not fulfil it. */
  readonly run: () => Promise<void>
}

/** A case that has its setup yet to get. */
export interface CaseBody<Kit> {
  readonly name: string
  readonly needs?: readonly SourceAbility[]
  readonly body: (kit: Kit) => Promise<void>
}
