import { describe, expect, it } from 'vitest'
import { schemaOf } from '../validation/service.ts'
import { Config, configOf, startHarness, type Harness } from './harness.ts'

const one = configOf({ a: 1, x: 1 })
const at = (value: number): Config => configOf({ a: value, x: value })
const outcomes = ({ records }: Harness): string[] =>
  records.map(({ outcome, revision }) => `${outcome} ${revision?.name}`)

/** A schema that takes 100 ms of virtual time. */
const slowly = (harness: () => Harness | undefined) =>
  schemaOf<Config>(async (value) => {
    const clock = harness()?.clock
    if (clock !== undefined) await new Promise<void>((resolve) => clock.setTimeout(resolve, 100))
    return Config['~standard'].validate(value)
  })

const startSlow = async (): Promise<Harness> => {
  let harness: Harness | undefined
  const started = await startHarness({ config: one, options: { schema: slowly(() => harness) } })
  harness = started
  return started
}

describe('G11 A change while validating', () => {
  it('G11 replaces the document of the same transaction', async () => {
    const harness = await startSlow()
    harness.source.put(at(2))
    await harness.advance(50)
    harness.source.put(at(3))
    await harness.advance(200)
    expect(outcomes(harness)).toEqual(['committed 1', 'committed 3'])
    expect([harness.served, harness.callsOf({ hooks: ['prepare'] })]).toEqual([
      { a: 3, x: 3 },
      ['prepare a2', 'prepare x2'],
    ])
  })

  it('G11 replaces a bad document, without a record of it', async () => {
    const harness = await startSlow()
    harness.source.put({ ...at(2), unknown: 1 })
    await harness.advance(50)
    harness.source.put(at(3))
    await harness.advance(200)
    expect(outcomes(harness)).toEqual(['committed 1', 'committed 3'])
    expect(harness.served).toEqual({ a: 3, x: 3 })
    expect(harness.records.at(-1)).not.toHaveProperty('failures')
  })

  it('G11 does so a limited number of times: a steady writer does not keep a transaction from its end', async () => {
    const harness = await startSlow()
    harness.source.put(at(2))
    for (let value = 3; value <= 30; value++) {
      await harness.advance(90)
      harness.source.put(at(value))
    }
    expect(harness.records.length).toBeGreaterThan(5)
    await harness.advance(1_000)
    expect(harness.served).toEqual({ a: 30, x: 30 })
    expect(harness.records.every(({ outcome }) => outcome === 'committed')).toBe(true)
  })
})

describe('G11 A change while fetching', () => {
  it('G11 continues the transaction if it is newer than what was read', async () => {
    const harness = await startHarness({ config: one })
    harness.source.hangReads()
    const reloaded = harness.reloader.reload()
    await harness.advance(0)
    const { lineage } = harness.source.revision
    const revision = { lineage, order: 9, name: '9' }
    harness.source.deliver({ kind: 'document', revision, content: JSON.stringify(at(9)) })
    await harness.advance(0)
    expect(harness.reloader.status().state).toBe('fetching')
    harness.source.heal()
    await harness.advance(0)
    expect(await reloaded).toMatchObject({ outcome: 'committed', revision, trigger: 'reload' })
    expect([harness.served.a, harness.records.length]).toEqual([9, 2])
  })
})

describe('G11 A change while preparing', () => {
  it('G11 supersedes: what was prepared is abandoned and closed, and the newer document continues', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.x.script('prepare', 'heed')
    harness.source.put(at(2))
    await harness.advance(10)
    harness.source.put(at(3))
    await harness.advance(0)
    expect(outcomes(harness)).toEqual(['committed 1', 'superseded 2', 'committed 3'])
    expect(harness.served).toEqual({ a: 3, x: 3 })
    expect(harness.modules.a.made.map(({ closes }) => closes)).toEqual([1, 1, 0])
  })

  it('G11 supersedes once; the next transaction may end, and the newest document follows', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.x.script(
      'prepare',
      'heed',
      () => new Promise<void>((resolve) => harness.clock.setTimeout(resolve, 100)),
    )
    harness.source.put(at(2))
    await harness.advance(10)
    for (const value of [3, 4, 5]) {
      harness.source.put(at(value))
      await harness.advance(10)
    }
    expect([harness.reloader.status().state, outcomes(harness)]).toEqual(['preparing', ['committed 1', 'superseded 2']])
    await harness.advance(100)
    expect(outcomes(harness)).toEqual(['committed 1', 'superseded 2', 'committed 3', 'committed 5'])
  })

  it('G11 does not let a steady writer prevent the commits', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.x.always('prepare', () => new Promise<void>((resolve) => harness.clock.setTimeout(resolve, 250)))
    for (let value = 2; value <= 300; value++) {
      harness.source.put(at(value))
      await harness.advance(100)
    }
    const committed = harness.records.filter(({ outcome }) => outcome === 'committed').length
    const superseded = harness.records.filter(({ outcome }) => outcome === 'superseded').length
    expect(committed).toBeGreaterThan(50) // in 30 s, in which a commit takes 250 ms, and a superseded transaction up to 250 ms more
    expect(superseded).toBeLessThanOrEqual(committed + 1)
    await harness.advance(1_000)
    expect(harness.served).toEqual({ a: 300, x: 300 })
  })

  it('G11 is only the newest, however many arrive', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.x.script('prepare', 'heed')
    for (let value = 2; value <= 50; value++) {
      harness.source.put(at(value))
      if (value === 2) await harness.advance(1)
    }
    await harness.advance(0)
    expect(outcomes(harness)).toEqual(['committed 1', 'superseded 2', 'committed 50'])
  })
})

describe('G11 A change in a later state', () => {
  it('G11 waits for the end of a compensating apply', async () => {
    const config = configOf({ a: 1, k: 1 })
    const harness = await startHarness({ config })
    harness.modules.k.script('apply', 'deaf')
    harness.source.put(configOf({ a: 2, k: 2 }))
    await harness.advance(5)
    harness.source.put(configOf({ a: 3, k: 3 }))
    await harness.advance(1_000)
    expect([harness.reloader.status().state, harness.served.a, outcomes(harness).length]).toEqual(['completing', 2, 1])
    harness.modules.k.release()
    await harness.advance(0)
    expect([outcomes(harness), harness.served.a, harness.effects.k]).toEqual([
      ['committed 1', 'committed 2', 'committed 3'],
      3,
      3,
    ])
  })

  it('G11 waits for the end of the soak, and then only the newest is applied', async () => {
    const harness = await startHarness({ config: one, options: { soak: 1_000 } })
    harness.source.put(at(2))
    await harness.advance(10)
    for (const value of [3, 4, 5]) harness.source.put(at(value))
    await harness.advance(900)
    expect([harness.reloader.status().state, harness.served.a]).toEqual(['soaking', 2])
    await harness.advance(2_000)
    expect(outcomes(harness)).toEqual(['committed 1', 'committed 2', 'committed 5'])
  })

  it('G11 ends the soak with a rollback if it is the last known good again', async () => {
    const harness = await startHarness({ config: one, options: { soak: 1_000 } })
    harness.source.put(at(2))
    await harness.advance(10)
    const [before] = harness.modules.a.made
    expect(harness.served.a).toBe(2)
    harness.source.put(one)
    await harness.advance(0)
    expect(harness.reloader.modules.a.current).toBe(before)
    expect(outcomes(harness)).toEqual(['committed 1', 'superseded 2', 'unchanged 3'])
    expect(harness.modules.a.made.map(({ closes }) => closes)).toEqual([0, 1])
    expect(harness.reloader.status()).toMatchObject({ state: 'committed', inSync: true })
  })

  it('G11 waits for the end of a rollback', async () => {
    const config = configOf({ a: 1, k: 1, l: 1 })
    const harness = await startHarness({ config })
    harness.modules.l.script('apply', 'throw')
    harness.modules.k.script('undo', 'deaf')
    harness.source.put(configOf({ a: 2, k: 2, l: 2 }))
    await harness.advance(5)
    harness.source.put(configOf({ a: 3, k: 3, l: 3 }))
    await harness.advance(100)
    expect([harness.reloader.status().state, harness.served.a, outcomes(harness).length]).toEqual([
      'rolling-back',
      1,
      1,
    ])
    harness.modules.k.release()
    await harness.advance(0)
    expect([outcomes(harness), harness.served.a]).toEqual([['committed 1', 'rolled-back 2', 'committed 3'], 3])
  })
})
