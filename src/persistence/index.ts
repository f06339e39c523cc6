export { fileStore } from './file-store.ts'
export { Persistence as Keeper } from './persistence.ts'
export type { Journal as KeptJournal } from './journal.ts'
