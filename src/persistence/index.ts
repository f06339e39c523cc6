export { fileStore } from './file-store.ts'
export { Keeper } from './persistence.ts'
export type { KeptJournal } from './journal.ts'
