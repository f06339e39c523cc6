import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { usePostgres } from '../support/postgres.ts'
import { servePool } from './postgres-service.ts'

const ROTATION_MS = 2_000
const LASTS_MS = 60_000

const server = usePostgres()

it('No query of 50 clients fails while ALTER ROLE changes the password every 2 s for 60 s', {
  timeout: 300_000,
}, async () => {
  const { alterRole, write, serves, errors, answers, outcomes } = await servePool(server(), 'rotating')
  const rotations = LASTS_MS / ROTATION_MS
  for (let rotation = 1; rotation <= rotations; rotation++) {
    const until = wait(ROTATION_MS)
    await alterRole(`password-${rotation}`)
    await write(`password-${rotation}`)
    await serves(`password-${rotation}`)
    await until
  }
  expect(errors).toEqual([])
  expect(answers()).toBeGreaterThan(1_000)
  expect(outcomes()).toEqual(['start committed', ...new Array(rotations).fill('secret committed')])
})
