import { expect, test } from 'vitest'
import { documentOf, provedWorld, SOAK_MS } from './world.ts'

type State = 'preparing' | 'soaking' | 'confirming' | 'journaling'

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

test.each(['journaling', 'preparing', 'soaking', 'confirming'] as const)(
  'A stop through close() never counts as a death: in %s',
  async (state) => {
    const { world, process } = await bringTo(state)
    await process.close()
    world.kept.save('well')
    expect(world.kept.journal?.attempts.filter(({ isOpen, deaths }) => isOpen || deaths > 0) ?? []).toEqual([])
    const second = await world.up({ confirm: { withinMs: 60_000 } }, 1_000)
    expect(second.codes('error')).toEqual([])
    expect(second.served).toBe(state === 'confirming' ? 1 : 2)
  },
)

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
