import { describe, expect, it, vi } from 'vitest'
import { ModelFleet } from './model-fleet.ts'
import { entriesOf, join } from './model-member.ts'

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 120_000, interval: 100 })

describe('Five hundred members of a fleet', () => {
  it('write at most four times each because of one change, and say what it has become', async (test) => {
    const model = new ModelFleet()
    const members = Array.from({ length: 500 }, () => join(test, model))
    await Promise.all(members.map(({ reloader }) => reloader.start()))
    await until(async () => {
      const entries = await entriesOf(model)
      expect(entries.filter(({ serving }) => serving !== undefined)).toHaveLength(500)
    })
    const before = new Map(model.writes)
    for (const { memory } of members) memory.put('{"n":2}')
    await until(async () => {
      const entries = await entriesOf(model)
      expect(
        entries.filter(
          ({ serving, tried }) =>
            serving?.revision === tried?.revision && tried?.outcome === 'committed' && serving?.revision !== '#1',
        ),
      ).toHaveLength(500)
    })
    const counts = [...model.writes].map(([name, count]) => count - (before.get(name) ?? 0))
    expect(Math.max(...counts)).toBeLessThanOrEqual(4)
  }, 240_000)
})
