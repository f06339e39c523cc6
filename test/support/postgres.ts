import { afterAll, beforeAll } from 'vitest'
import { startPostgres, type EmbeddedPostgres } from '../../examples/support/embedded-postgres.ts'

export { startPostgres, type EmbeddedPostgres } from '../../examples/support/embedded-postgres.ts'

/** One real server for all tests of a file; call the result within a test. */
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
