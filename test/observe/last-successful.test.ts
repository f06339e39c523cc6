import { metrics } from 'changeover/prometheus'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { configOf, createHarness } from '../guarantees/harness.ts'
import { histories, type Scene } from './histories.ts'
import { valueIn } from './scrape.ts'
import { trialHistories } from './trial-histories.ts'

/** Enough for every back-off, soak and quarantine of the histories, in virtual milliseconds. */
const LONG_MS = 20_000

test.each([...histories, ...trialHistories])(
  'config_reload_last_successful is right through $title',
  async ({ options = {}, play }) => {
    const register = new Registry()
    const harness = createHarness({ config: configOf({ a: 1, b: 1 }), options, checkCloses: false })
    metrics(harness.reloader, { register })
    const gauge = () => valueIn(register, 'config_reload_last_successful')
    expect(await gauge()).toBeUndefined()
    void harness.reloader.start()
    await harness.advance(6_000)
    const waiting = harness.reloader.status().confirmation
    if (waiting !== undefined) await harness.reloader.confirm(waiting.transaction)
    const scene: Scene = Object.assign(Object.create(harness) as typeof harness, {
      gauge,
      expects: async (value: 0 | 1, why: string) => {
        await harness.advance(LONG_MS)
        expect(await gauge(), why).toBe(value)
      },
    })
    await play(scene)
  },
)

test('There are at least 30 histories', () => {
  expect(histories.length).toBeGreaterThanOrEqual(30)
})
