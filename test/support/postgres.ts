import { afterAll, beforeAll } from 'vitest'
import { startPostgres, type EmbeddedPostgres } from '../../examples/support/embedded-postgres.ts'

export { startPostgres, type EmbeddedPostgres } from '../../examples/support/embedded-postgres.ts'

/** Starts one real server for all tests of a file. Call the returned function within a test. */
export const usePostgres = (): (() => EmbeddedPostgres) => {
  let server: EmbeddedPostgres | undefined
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.stop())
  return () => {
    if (server === undefined) throw new Error('PostgreSQL has not started')
    return server
  }
}
