import { expect, test } from 'vitest'
import { configOf, startWorld } from './world.ts'

test('G2 smoke', async () => {
  const world = await startWorld({ config: configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 }) })
  const record = await world.put(configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 }))
  expect(record.outcome).toBe('committed')
  expect(world.served).toEqual({})
  console.log(world.calls)
})
