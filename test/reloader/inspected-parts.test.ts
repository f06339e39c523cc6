import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { observationOf } from '../../src/api/internal/observation.ts'

test('what is held names the modules whose old generations drain, with their number, and no others', async () => {
  const clock = createVirtualClock()
  const source = memorySource({ a: 1, b: 1 })
  const schema = z.strictObject({ a: z.number(), b: z.number() })
  const prepare = async (instance: number) => ({ instance })
  const reloader = createReloader({ source, schema, clock })
    .use('a', (c) => c.a, { prepare })
    .use('b', (c) => c.b, { prepare })
  await Promise.all([reloader.start(), clock.advance(1_000)])
  const { inspected } = observationOf(reloader)
  const draining = () => inspected?.holds().draining
  expect(draining()).toEqual({})
  let release = (): void => {}
  const held = reloader.lease(() => new Promise<void>((resolve) => (release = resolve)))
  for (const a of [2, 3]) {
    source.put({ a, b: 1 })
    await clock.advance(10_000)
  }
  expect(draining()).toEqual({ a: 1 })
  release()
  await held
  await clock.advance(1_000)
  expect(draining()).toEqual({})
  await reloader.close()
})
