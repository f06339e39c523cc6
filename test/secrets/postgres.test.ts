import { describe, expect, it } from 'vitest'
import { usePostgres } from '../support/postgres.ts'
import { failureOf } from './service.ts'
import { servePool, SOON } from './postgres-service.ts'

const server = usePostgres()

describe('The password of a real PostgreSQL, in a file, with 50 clients', () => {
  it('rotates with ALTER ROLE and then the file: no query fails', { timeout: 120_000 }, async () => {
    const { alterRole, write, serves, errors, outcomes } = await servePool(server(), 'role_first')
    for (const password of ['second', 'third']) {
      await alterRole(password)
      await write(password)
      await serves(password)
    }
    expect(errors).toEqual([])
    expect(outcomes()).toEqual(['start committed', 'secret committed', 'secret committed'])
  })

  it('is proved before it serves: a wrong one is rolled back and tried again, and no query fails', {
    timeout: 120_000,
  }, async () => {
    const { alterRole, write, serves, isFull, errors, records } = await servePool(server(), 'file_first')
    await write('second')
    await expect.poll(() => records.length, SOON).toBeGreaterThan(1)
    expect(records[1]).toMatchObject({ trigger: 'secret', outcome: 'rolled-back' })
    expect(failureOf(records[1])).toMatchObject({ code: 'module.prepare-failed', cause: { code: '28P01' } })
    await isFull()
    await alterRole('second')
    await serves('second')
    expect(errors).toEqual([])
    expect(records.at(-1)).toMatchObject({ trigger: 'secret', outcome: 'committed' })
  })
})
