import { expect, test } from 'vitest'
import { documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

type State = 'preparing' | 'soaking' | 'confirming' | 'journaling'

test('An attempt is on disk before the first module is called, and removed when its soak has passed', async () => {
  const { deployment, process } = await soakedDeployment([1])
  expect(deployment.store.journal?.attempts).toEqual([])
  const seen: unknown[] = []
  process.modules.a.script('prepare', () => void seen.push(deployment.store.journal?.attempts))
  deployment.source.put(documentOf(2))
  await process.advance(0)
  const digest = process.reloader.status().serving?.digest
  const attempt = { digest, build: '', revision: '2', startedAt: process.clock.now(), deaths: 0, isOpen: true }
  expect(seen).toEqual([[{ ...attempt, confirm: false, owner: expect.objectContaining({ host: 'host' }) }]])
  await process.advance(SOAK_MS - 1)
  expect(deployment.store.journal?.attempts).toHaveLength(1)
  await process.advance(1)
  expect(deployment.store.journal?.attempts).toEqual([])
})

test('An attempt that fails by itself is also removed from disk', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.script('check', 'reject')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(process.last?.outcome).toBe('rolled-back')
  expect(deployment.store.journal?.attempts).toEqual([])
  process.kill()
  const second = await deployment.up({ quarantine: { crashMs: 1_000 } })
  expect(second.codes('error')).toEqual([])
})

/** Brings a process to the state in which document 2 is being tried. */
const bringTo = async (state: State) => {
  const { deployment, process } = await soakedDeployment(
    [1],
    state === 'confirming' ? { confirm: { withinMs: 60_000 } } : {},
  )
  if (state === 'preparing') process.modules.a.script('prepare', 'deaf')
  if (state === 'journaling') deployment.store.save({ slowMs: 1_000 }, 'journal')
  deployment.source.put(documentOf(2))
  await process.advance(state === 'confirming' ? SOAK_MS : 500)
  expect(process.state).toBe(state)
  return { deployment, process }
}

test.each(['journaling', 'preparing', 'soaking', 'confirming'] as const)(
  'A stop with close() never counts as a crash: %s',
  async (state) => {
    const { deployment, process } = await bringTo(state)
    await process.close()
    deployment.store.save('well')
    expect(deployment.store.journal?.attempts.filter(({ isOpen, deaths }) => isOpen || deaths > 0) ?? []).toEqual([])
    const second = await deployment.up({ confirm: { withinMs: 60_000 } }, 1_000)
    expect(second.codes('error')).toEqual([])
    expect(second.served).toBe(state === 'confirming' ? 1 : 2)
  },
)

test.each(['preparing', 'soaking'] as const)('A kill counts as a crash: %s', async (state) => {
  const { deployment, process } = await bringTo(state)
  process.kill()
  const second = await deployment.up({}, 1_000)
  expect(second.codes('error')).toEqual(['attempt.died'])
  expect(deployment.store.journal?.attempts).toMatchObject([{ deaths: 1, isOpen: true, revision: '2' }])
  expect(second.served).toBe(2) // the next process tries it again
})

test('A kill before the attempt is on disk or after its end does not count as a crash', async () => {
  const { deployment, process } = await bringTo('journaling')
  process.kill()
  deployment.store.save('well')
  const second = await deployment.up({}, SOAK_MS)
  expect(second.codes('error')).toEqual([])
  expect(second.served).toBe(2)
  second.kill()
  const third = await deployment.up({}, SOAK_MS)
  expect(third.codes('error')).toEqual([])
})

test('A document that was replaced before any module was called leaves no attempt behind', async () => {
  for (const [put, outcome] of [
    ['no JSON', 'rejected'],
    [documentOf(1), 'unchanged'],
  ] as const) {
    const { deployment, process } = await soakedDeployment([1])
    deployment.store.save({ slowMs: 1_000 }, 'journal')
    deployment.source.put(documentOf(2))
    await process.advance(500)
    expect(process.state).toBe('journaling')
    deployment.source.put(put)
    await process.advance(5_000)
    expect(process.last?.outcome).toBe(outcome)
    await process.advance(5_000)
    expect(deployment.store.journal?.attempts).toEqual([])
    process.kill()
    deployment.store.save('well')
    const next = await deployment.up()
    expect(next.codes('error')).toEqual([])
  }
})

test('The memory of attempts is bounded', async () => {
  const { deployment, process: first } = await soakedDeployment([1], { maxAttempts: 1_000 })
  await first.close()
  for (let value = 2; value < 40; value++) {
    deployment.source.put(documentOf(value))
    const process = await deployment.up({}, 1_000)
    process.kill()
  }
  expect(deployment.store.journal?.attempts.length).toBe(16)
  expect((await deployment.up()).served).toBe(39)
})
