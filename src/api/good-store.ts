/** What is kept: the last known good, the two before it, and the journal of attempts. */
export type EntryName = 'good' | 'good.1' | 'good.2' | 'journal'

/**
 * Where the last known good and the journal are kept: `fileStore`, or a store of one's own, which may encrypt.
 *
 * Each entry is a text of its own, and a save replaces one entry whole: a reader finds the old text or the new one, never
 * a part. A save resolves when the text would survive a crash. Saves are never made side by side. A call that throws,
 * rejects or takes longer than its deadline is reported and tried again; the service goes on meanwhile. While a save that
 * was given up has not settled, no other save of that entry is begun.
 */
export interface GoodStore {
  /** The text that was saved last; `undefined` where there is none. */
  readonly load: (name: EntryName) => Promise<string | undefined> | string | undefined
  readonly save: (name: EntryName, text: string) => Promise<void> | void
}
