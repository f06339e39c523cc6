/** The name of an entry: one of the three that hold goods, in any order, or the journal of attempts. */
export type EntryName = 'good' | 'good.1' | 'good.2' | 'journal'

/**
 * Stores the last known good and the journal: `fileStore`, or a store of your own, which may encrypt.
 *
 * Each entry is a text of its own. A save replaces one entry as a whole: a reader finds the old text or the new one,
 * never a part. It resolves when the text would survive a crash. A new good replaces the oldest one, whichever entry
 * holds it.
 *
 * A store has one journal, so it belongs to one process: give each process a key of its own. The files of a path are kept
 * apart by themselves.
 *
 * Saves never run side by side. A call that throws, rejects or exceeds its deadline is reported and retried; the service
 * goes on meanwhile. Until an abandoned save settles, no other save of its kind begins: of a good, or of the journal.
 */
export interface GoodStore {
  /**
   * True if what is saved is encrypted, so that it may hold the values of secrets: a start then needs no secret manager.
   * Otherwise it holds their references only. @default false
   */
  readonly encrypted?: boolean
  /** Returns the text that was saved last, or `undefined` if there is none. */
  readonly load: (name: EntryName) => Promise<string | undefined> | string | undefined
  /** Replaces the text. */
  readonly save: (name: EntryName, text: string) => Promise<void> | void
}
