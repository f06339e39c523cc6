import { expect, test } from 'vitest'
import { createWorld, documentOf, provedWorld, SOAK_MS, type World } from './world.ts'

/** Starts a process and kills it in the soak of what the source holds; it has served the last known good before. */
const dieInSoak = async (world: World, options: Parameters<World['up']>[0] = {}): Promise<void> => {
  const process = await world.up(options, 1_000)
  expect(process.state).toBe('soaking')
  process.kill()
}

test('A document that kills maxAttempts times in a row is quarantined across restarts, loudly, and the last known good serves', async () => {
  const { world, process } = await provedWorld([1])
  world.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  await dieInSoak(world)
  await dieInSoak(world)
  for (const _ of [1, 2]) {
    const next = await world.up({}, 60_000)
    expect(next).toMatchObject({ served: 1, state: 'rejected' })
    expect(next.last).toMatchObject({ outcome: 'rejected', failures: [{ code: 'quarantined', revision: '2' }] })
    const [entry, ...others] = next.reloader.status().quarantine
    expect(others).toEqual([])
    expect(entry).toEqual({
      digest: next.last?.digest,
      revision: '2',
      code: 'attempt.died',
      count: 3,
      since: entry?.since,
      until: (entry?.since ?? 0) + 3_600_000,
    })
    next.kill() // that is no death of the document any more
  }
})

test('The third death is said as an error, and counted among what was reported', async () => {
  const { world, process } = await provedWorld([1])
  world.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  const second = await world.up({ maxAttempts: 1 }, 1_000)
  expect(second.codes('error')).toEqual(['attempt.died'])
  expect(second.reloader.status().counters.reported).toBeGreaterThan(0)
  expect(second).toMatchObject({ served: 1, state: 'rejected' })
})

const killedOften = async () => {
  const { world, process } = await provedWorld([1], { maxAttempts: 2, build: 'one' })
  world.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  await dieInSoak(world)
  return world
}

test('Another build tries a document again that killed this one, and this one still does not', async () => {
  const world = await killedOften()
  const two = await world.up({ build: 'two' }, 1_000)
  expect(two).toMatchObject({ served: 2, state: 'soaking' })
  expect(two.reloader.status().quarantine).toEqual([])
  await two.close()
  const one = await world.up({}, 1_000)
  expect(one).toMatchObject({ served: 1, state: 'rejected' })
})

test('A build that goes back does not die of what another build has proved: it serves an older good', async () => {
  const world = await killedOften()
  const two = await world.up({ build: 'two' }, SOAK_MS)
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['2', '1'])
  await two.close()
  const one = await world.up({}, 1_000)
  expect(one).toMatchObject({ served: 1, state: 'rejected' })
  expect(one.calls.filter((call) => call.startsWith('prepare'))).toEqual(['prepare a1', 'prepare b1'])
})

test('A changed document lifts the quarantine', async () => {
  const world = await killedOften()
  const process = await world.up()
  world.source.put(documentOf(3))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
})

test('The expiry tries the document again by itself, and a further death quarantines it at once', async () => {
  const world = await killedOften()
  const options = { quarantine: { crashMs: 600_000 } }
  const process = await world.up(options)
  expect(process.served).toBe(1)
  const [entry] = process.reloader.status().quarantine
  await process.advance((entry?.until ?? 0) - process.clock.now() - 1)
  expect(process.served).toBe(1)
  await process.advance(1)
  expect(process).toMatchObject({ served: 2, state: 'soaking' })
  expect(process.records.filter(({ trigger }) => trigger === 'retry')).toEqual([])
  process.kill()
  const next = await world.up(options, 1_000)
  expect(next).toMatchObject({ served: 1, state: 'rejected' })
  expect(next.reloader.status().quarantine).toMatchObject([{ code: 'attempt.died', count: 3 }])
})

test('release() lifts the quarantine of a document that killed', async () => {
  const world = await killedOften()
  const process = await world.up()
  await process.reloader.release()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
  expect(process.last).toMatchObject({ trigger: 'retry', outcome: 'committed' })
  await process.close()
  expect((await world.up()).reloader.status().quarantine).toEqual([])
})

test('release() forgets the deaths too: it takes maxAttempts of them again', async () => {
  const world = await killedOften()
  const process = await world.up()
  await process.reloader.release()
  await process.advance(100)
  expect(process).toMatchObject({ served: 2, state: 'soaking' })
  process.kill()
  await dieInSoak(world)
  expect(await world.up({}, 1_000)).toMatchObject({ served: 1, state: 'rejected' })
})

test('With nothing to fall back on the guard only warns, and the document is tried', async () => {
  const world = createWorld({ boot: { maxAttempts: 2 } })
  await dieInSoak(world)
  await dieInSoak(world)
  await dieInSoak(world)
  const process = await world.up({}, SOAK_MS)
  expect(process.codes('error')).toEqual(['attempt.died'])
  expect(process.codes('warn')).toContain('quarantined')
  expect(process).toMatchObject({ served: 1, state: 'committed' })
  await process.close()
  const next = await world.up()
  expect(next.reloader.status().quarantine).toEqual([]) // it has held
})

test('Where the kept goods cannot serve any more the guard only warns too', async () => {
  const { world, process } = await provedWorld([1], { maxAttempts: 1 })
  world.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  world.kept.entries.delete('good')
  const next = await world.up({}, SOAK_MS)
  expect(next.codes('warn')).toContain('quarantined')
  expect(next.served).toBe(2)
})

test('An older good that is applied anew and kills is counted too', async () => {
  const { world, process } = await provedWorld([1, 2], { maxAttempts: 2 })
  world.source.put(documentOf(1))
  await process.advance(1_000)
  expect(process.state).toBe('soaking')
  process.kill()
  await dieInSoak(world)
  const next = await world.up({}, 1_000)
  expect(next).toMatchObject({ served: 2, state: 'rejected' })
})

test('The deaths of a document that has held since are forgotten', async () => {
  const { world, process } = await provedWorld([1], { maxAttempts: 2 })
  world.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  const second = await world.up({}, SOAK_MS)
  expect(second).toMatchObject({ served: 2, state: 'committed' })
  world.source.put(documentOf(3))
  await second.advance(SOAK_MS)
  world.source.put(documentOf(2))
  await second.advance(1_000)
  second.kill()
  const third = await world.up({}, 1_000)
  expect(third).toMatchObject({ served: 2, state: 'soaking' })
})

test('Deaths of two documents are counted apart', async () => {
  const { world, process } = await provedWorld([1], { maxAttempts: 2 })
  world.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  world.source.put(documentOf(3))
  await dieInSoak(world)
  const third = await world.up({}, SOAK_MS)
  expect(third).toMatchObject({ served: 3, state: 'committed' })
  world.source.put(documentOf(2))
  await third.advance(1_000)
  third.kill()
  const fourth = await world.up({}, 1_000)
  expect(fourth).toMatchObject({ served: 3, state: 'rejected' }) // its second death in a row
  world.source.put(documentOf(4))
  await fourth.advance(SOAK_MS + 1_000)
  expect(fourth).toMatchObject({ served: 4, state: 'committed' })
})
