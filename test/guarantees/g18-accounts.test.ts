import { describe, expect, it } from 'vitest'
import { createRandom } from '../support/random.ts'
import { expectAccount, generationModules } from './account.ts'
import { type Config, configOf, PACED_MS, startHarness } from './harness.ts'
import type { Behavior } from './scripted-modules.ts'

const one = configOf({ a: 1, b: 1, c: 1, k: 1, x: 1 })
const at = (value: number): Config => configOf({ a: value, b: value, c: value, k: value, x: value })
describe('G18 Opened = closed + live + leaked', () => {
  it.each([21, 22, 23])(
    'G18 for every module, at every moment of a random load, and finally all are closed; seed %i',
    async (seed) => {
      const random = createRandom(seed)
      const harness = await startHarness({
        config: one,
        options: {
          soak: 200,
          deadlines: { prepareMs: 100, checkMs: 50, closeMs: 100, applyMs: 100, leaseMs: 50, graceMs: 20 },
          repair: { minMs: 20, maxMs: 100 },
        },
      })
      const { modules, reloader, source } = harness
      for (let round = 0; round < 600; round++) {
        const name = random.pick(generationModules)
        const behavior = random.pick<Behavior>(['throw', 'reject', 'heed', 'finish-on-abort', 'deaf', 'garbage'])
        if (random.chance(0.4))
          modules[name].script(random.pick(['prepare', 'commit', 'rollback', 'check', 'close', 'cleanup']), behavior)
        if (random.chance(0.1)) modules.k.script(random.pick(['apply', 'undo']), behavior)
        if (random.chance(0.6)) source.put(random.chance(0.2) ? configOf({ a: round }) : at(round))
        if (random.chance(0.1)) void reloader.plan(JSON.stringify(at(round + 1)), { prepare: true })
        if (random.chance(0.1))
          void reloader.lease(
            () => new Promise<void>((resolve) => harness.clock.setTimeout(resolve, random.below(200))),
          )
        if (random.chance(0.05)) for (const healed of generationModules) modules[healed].heal()
        await harness.advance(random.below(150))
        expectAccount(harness)
      }
      for (const healed of [...generationModules, 'k'] as const) modules[healed].heal()
      source.put(at(9_999))
      await harness.advance(600_000)
      expectAccount(harness)
      expect(harness.served).toEqual({ a: 9_999, b: 9_999, c: 9_999, x: 9_999 })
      const { modules: accounts } = reloader.status()
      expect(generationModules.map((name) => accounts[name]?.live)).toEqual([1, 1, 1, 1])
      const closed = reloader.close()
      await harness.advance(60_000)
      await closed
      expectAccount(harness)
      const { modules: after } = reloader.status()
      expect(generationModules.map((name) => after[name]?.live)).toEqual([0, 0, 0, 0])
      expect([harness.clock.pending(), source.watches]).toEqual([0, 0])
    },
  )

  it('G18 also for a close that fails, which is a leak reported once, and for one that ends late, which is none any more', async () => {
    const harness = await startHarness({ config: one, options: { deadlines: { closeMs: 100 } } })
    harness.modules.a.script('close', 'reject')
    harness.modules.x.script('close', 'deaf')
    await harness.put(at(2))
    await harness.advance(200)
    const { a, x } = harness.reloader.status().modules
    expect(a).toMatchObject({ opened: 2, closed: 0, live: 1, leaked: 1 })
    expect(x).toMatchObject({ opened: 2, closed: 0, live: 1, leaked: 1 })
    expect(harness.reloader.status().counters.reported).toBe(2)
    harness.modules.x.release()
    await harness.advance(0)
    expect(harness.reloader.status().modules.x).toMatchObject({ opened: 2, closed: 1, live: 1, leaked: 0 })
  })

  it('G18 also for a module that is switched off and on, and for one whose generations all failed', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    for (let round = 0; round < 10; round++) {
      await harness.put(configOf({ a: 1, x: round }), PACED_MS)
      await harness.put(configOf({ a: 1 }), PACED_MS)
    }
    harness.modules.b.always('commit', 'throw')
    for (let round = 0; round < 10; round++) await harness.put(configOf({ a: 1, b: round }), PACED_MS)
    const { b, x } = harness.reloader.status().modules
    expect([x?.opened, x?.closed, x?.live, x?.state]).toEqual([10, 10, 0, 'off'])
    expect([b?.opened, b?.closed, b?.live, b?.leaked]).toEqual([10, 10, 0, 0])
  })
})
