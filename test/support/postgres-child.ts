// Starts PostgreSQL in the given folder, prints its process id, and waits to be killed.
import { startPostgres } from '../../examples/support/embedded-postgres.ts'

const { pid } = await startPostgres({ folder: process.argv[2] ?? '' })
process.stdout.write(`${pid}\n`)
setInterval(() => undefined, 60_000)
