export { fileStore } from './file-store.ts'
export { Keeper } from './keeper.ts'
export type { KeptJournal } from './types.ts'
