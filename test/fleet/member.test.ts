import { fleet } from 'changeover/fleet'
import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it, vi } from 'vitest'
import { entriesOf, join } from './model-member.ts'
import { ModelFleet } from './model-fleet.ts'

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 25_000, interval: 5 })

describe('The entry of a member', () => {
  it('is written at most once a second, and not while nothing has changed', async (test) => {
    const clock = createVirtualClock()
    const model = new ModelFleet(clock)
    const { memory, reloader } = join(test, model, { clock })
    const started = reloader.start()
    await clock.advance(0)
    await started
    const writes = (): number => [...model.writes].filter(([name]) => name.startsWith('instances/'))[0]?.[1] ?? 0
    await clock.advance(3_000)
    const quiet = writes()
    await clock.advance(60_000)
    expect(writes()).toBe(quiet)
    for (let n = 2; n < 52; n += 1) {
      memory.put(`{"n":${n}}`)
      await clock.advance(100)
    }
    await clock.advance(2_000)
    expect(writes() - quiet).toBeLessThanOrEqual(8)
    expect((await entriesOf(model))[0]?.tried?.outcome).toBe('committed')
  })

  it('is back after its lease has ended, and after an outage that was longer than it', async (test) => {
    const clock = createVirtualClock()
    const model = new ModelFleet(clock)
    const { reloader } = join(test, model, { clock })
    const started = reloader.start()
    await clock.advance(2_000)
    await started
    for (const lease of model.leases) model.endLease(lease)
    expect(await entriesOf(model)).toEqual([])
    await clock.advance(5_000)
    expect(await entriesOf(model)).toHaveLength(1)
    model.isDown = true
    await clock.advance(60_000)
    model.isDown = false
    expect(await entriesOf(model)).toEqual([])
    await clock.advance(5_000)
    expect(await entriesOf(model)).toHaveLength(1)
    expect(reloader.status().counters.reported).toBe(1)
  })

  it('goes with the reloader', async (test) => {
    const model = new ModelFleet()
    const { reloader } = join(test, model)
    await reloader.start()
    await until(async () => expect(await entriesOf(model)).toHaveLength(1))
    await reloader.close()
    expect(await entriesOf(model)).toEqual([])
    expect(model.leases).toEqual([])
  })
})

describe('The options of fleet', () => {
  it.each([
    [{ labels: 'zone' }, 'labels'],
    [{ labels: { zone: 1 } }, 'labels'],
    [{ ttlMs: 1_999 }, 'ttlMs'],
    [{ service: '' }, 'service'],
    [{ commands: 'yes' }, 'commands'],
    [{ ttl: 10 }, 'ttl'],
  ])('refuse %j', (options, named) => {
    expect(() => fleet(options as never)).toThrow(named)
  })
})
