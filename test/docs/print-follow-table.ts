import { followTable } from './follow-table.ts'

process.stdout.write(`${followTable()}\n`)
