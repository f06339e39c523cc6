import { expect, test } from 'vitest'
import { createWorld, documentOf, provedWorld, SOAK_MS, type World } from './world.ts'

type State = 'preparing' | 'soaking' | 'confirming' | 'journaling'

/** Starts a process and kills it in the soak of what the source holds; it has served the last known good before. */
const dieInSoak = async (world: World, options: Parameters<World['up']>[0] = {}): Promise<void> => {
  const process = await world.up(options, 1_000)
  expect(process.state).toBe('soaking')
  process.kill()
}

test('The attempt is on the disk before the first module is called, and gone when its soak has passed', async () => {
  const { world, process } = await provedWorld([1])
  expect(world.kept.journal?.attempts).toEqual([])
  const seen: unknown[] = []
  process.modules.a.script('prepare', () => void seen.push(world.kept.journal?.attempts))
  world.source.put(documentOf(2))
  await process.advance(0)
  const digest = process.reloader.status().serving?.digest
  const attempt = { digest, build: '', revision: '2', startedAt: process.clock.now(), deaths: 0, isOpen: true }
  expect(seen).toEqual([[{ ...attempt, confirm: false }]])
  await process.advance(SOAK_MS - 1)
  expect(world.kept.journal?.attempts).toHaveLength(1)
  await process.advance(1)
  expect(world.kept.journal?.attempts).toEqual([])
})

test('An attempt that fails by itself is ended on the disk too', async () => {
  const { world, process } = await provedWorld([1])
  process.modules.b.script('check', 'reject')
  world.source.put(documentOf(2))
  await process.advance(0)
  expect(process.last?.outcome).toBe('rolled-back')
  expect(world.kept.journal?.attempts).toEqual([])
  process.kill()
  const second = await world.up({ quarantine: { crashMs: 1_000 } })
  expect(second.codes('error')).toEqual([])
})

/** Brings a process to the state in which the document 2 is being tried. */
const bringTo = async (state: State) => {
  const { world, process } = await provedWorld([1], state === 'confirming' ? { confirm: { withinMs: 60_000 } } : {})
  if (state === 'preparing') process.modules.a.script('prepare', 'deaf')
  if (state === 'journaling') world.kept.save({ slowMs: 1_000 }, 'journal')
  world.source.put(documentOf(2))
  await process.advance(state === 'confirming' ? SOAK_MS : 500)
  expect(process.state).toBe(state)
  return { world, process }
}

test.each(['journaling', 'preparing', 'soaking', 'confirming'] as const)('A stop through close() never counts as a death: in %s', async (state) => {
  const { world, process } = await bringTo(state)
  await process.close()
  world.kept.save('well')
  expect(world.kept.journal?.attempts.filter(({ isOpen, deaths }) => isOpen || deaths > 0) ?? []).toEqual([])
  const second = await world.up({ confirm: { withinMs: 60_000 } }, 1_000)
  expect(second.codes('error')).toEqual([])
  expect(second.served).toBe(state === 'confirming' ? 1 : 2)
})

test.each(['preparing', 'soaking'] as const)('A death counts: in %s', async (state) => {
  const { world, process } = await bringTo(state)
  process.kill()
  const second = await world.up({}, 1_000)
  expect(second.codes('error')).toEqual(['attempt.died'])
  expect(world.kept.journal?.attempts).toMatchObject([{ deaths: 1, isOpen: true, revision: '2' }])
  expect(second.served).toBe(2) // it is tried again
})

test('A death before the attempt is on the disk, or after its end, does not count', async () => {
  const { world, process } = await bringTo('journaling')
  process.kill()
  world.kept.save('well')
  const second = await world.up({}, SOAK_MS)
  expect(second.codes('error')).toEqual([])
  expect(second.served).toBe(2)
  second.kill()
  const third = await world.up({}, SOAK_MS)
  expect(third.codes('error')).toEqual([])
})

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

test('What was taken over before any module was called leaves no attempt behind', async () => {
  for (const [put, outcome] of [
    ['no JSON', 'rejected'],
    [documentOf(1), 'unchanged'],
  ] as const) {
    const { world, process } = await provedWorld([1])
    world.kept.save({ slowMs: 1_000 }, 'journal')
    world.source.put(documentOf(2))
    await process.advance(500)
    expect(process.state).toBe('journaling')
    world.source.put(put)
    await process.advance(5_000)
    expect(process.last?.outcome).toBe(outcome)
    await process.advance(5_000)
    expect(world.kept.journal?.attempts).toEqual([])
    process.kill()
    world.kept.save('well')
    const next = await world.up()
    expect(next.codes('error')).toEqual([])
  }
})

test('Deaths of two documents are counted apart, and what has held starts anew', async () => {
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

test('What is remembered of attempts is bounded', async () => {
  const { world, process: first } = await provedWorld([1], { maxAttempts: 1_000 })
  await first.close()
  for (let value = 2; value < 40; value++) {
    world.source.put(documentOf(value))
    const process = await world.up({}, 1_000)
    process.kill()
  }
  expect(world.kept.journal?.attempts.length).toBe(16)
  expect((await world.up()).served).toBe(39)
})
