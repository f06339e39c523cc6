import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const RECONCILE_MS = 60_000

/** A service that follows a quiet source, whose random numbers are all the same. */
const startService = async (chance: number) => {
  const clock = createVirtualClock()
  const source = memorySource({ n: 1 })
  const schema = z.strictObject({ n: z.number() })
  const reloader = createReloader({ source, schema, clock, reconcileMs: RECONCILE_MS, random: () => chance })
  await Promise.all([reloader.start(), clock.advance(0)])
  return { clock, source, reloader }
}

test.each([
  [0, 54_000],
  [0.5, 60_000],
  [0.75, 63_000],
])('A quiet source is read again after nine to eleven tenths of reconcileMs: by chance %d', async (chance, afterMs) => {
  const { clock, source, reloader } = await startService(chance)
  for (let round = 0; round < 3; round += 1) {
    const { reads } = source
    await clock.advance(afterMs - 1)
    expect(source.reads).toBe(reads)
    await clock.advance(1)
    expect(source.reads).toBe(reads + 1)
  }
  await reloader.close()
})

test('A source is closed in the status when the reloader is, and is not read again', async () => {
  const { clock, source, reloader } = await startService(0)
  expect(reloader.status().source.state).toBe('watching')
  await reloader.close()
  const { reads } = source
  await clock.advance(10 * RECONCILE_MS)
  expect(reloader.status().source).toMatchObject({ state: 'closed', revision: { order: 1 } })
  expect([source.reads, clock.pending()]).toEqual([reads, 0])
})
