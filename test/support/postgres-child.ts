// Starts PostgreSQL in the folder that is given, says its pid, and waits to be killed.
import { startPostgres } from '../../examples/support/embedded-postgres.ts'

const { pid } = await startPostgres({ folder: process.argv[2] ?? '' })
process.stdout.write(`${pid}\n`)
setInterval(() => undefined, 60_000)
