import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

test('What serves is stale from the last answer of its source on while the source is lost, and no longer once it is followed again', async () => {
  const clock = createVirtualClock()
  const source = memorySource({ n: 1 })
  const reloader = createReloader({ source, schema: z.strictObject({ n: z.number() }), clock })
  await Promise.all([reloader.start(), clock.advance(1_000)])
  expect(reloader.status()).not.toHaveProperty('stale')
  const { verifiedAt } = reloader.status().source
  expect(verifiedAt).toEqual(expect.any(Number))
  source.failReads('source.unreachable')
  source.failWatches('source.unreachable')
  source.breakWatch('source.unreachable')
  await clock.advance(60_000)
  const { stale, source: state } = reloader.status()
  expect(state.state).toBe('backing-off')
  expect(stale?.since).toBe(state.verifiedAt)
  expect(stale?.since).toBeLessThan(clock.now() - 50_000)
  source.heal()
  await clock.advance(60_000)
  expect(reloader.status().source.state).toBe('watching')
  expect(reloader.status()).not.toHaveProperty('stale')
  await reloader.close()
})
