import { expect, test } from 'vitest'
import { codeOf, confirming, unconfirmed, WITHIN_MS } from './confirm-scene.ts'
import type { Process } from './process.ts'
import { createWorld, documentOf, provedWorld, SOAK_MS, type World } from './world.ts'

/** All is as before 2 came: the same instances serve, and 2 is quarantined without an end. */
const expectAsBefore = (process: Process, before: readonly unknown[]): void => {
  expect(process.served).toBe(1)
  expect([process.reloader.modules.a.current, process.reloader.modules.b.current]).toEqual(before)
  expect(process.reloader.modules.a.current).toBe(before[0])
  expect(process.reloader.modules.a.current?.closes).toBe(0)
  expect(process.reloader.status().quarantine).toMatchObject([{ revision: '2', code: 'confirm.expired', count: 1 }])
  expect(process.reloader.status().quarantine[0]).not.toHaveProperty('until')
}

/** After a restart: 1 serves, 2 is quarantined without an end and rejected. */
const expectRejectedAfterRestart = async (world: World): Promise<void> => {
  const next = await world.up({}, 3_600_000)
  expect(next).toMatchObject({ served: 1, state: 'rejected' })
  expect(next.reloader.status().quarantine).toMatchObject([{ revision: '2', code: 'confirm.expired' }])
  expect(next.reloader.status().quarantine[0]).not.toHaveProperty('until')
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['1'])
}

test('A change waits for its word after the soak: old and new generations live, and status() says until when', async () => {
  const { process, id } = await unconfirmed()
  expect(process).toMatchObject({ state: 'confirming', served: 2 })
  expect(process.reloader.status().confirmation).toEqual({
    transaction: id,
    until: process.clock.now() - SOAK_MS + WITHIN_MS,
  })
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 0])
  await process.advance(30_000)
  // It goes on being checked.
  expect(process.calls.filter((call) => call === 'check a2').length).toBeGreaterThan(3)
  const record = process.reloader.confirm(id)
  await process.advance(0)
  expect(await record).toMatchObject({ id, outcome: 'committed' })
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([1, 0])
  expect(process.reloader.status()).toMatchObject({ lastKnownGood: { revision: { name: '2' } } })
  expect(process.reloader.status()).not.toHaveProperty('confirmation')
})

test('A first document needs nobody: there is nothing to return to', async () => {
  const world = createWorld({ boot: confirming })
  const process = await world.up({}, SOAK_MS)
  expect(process).toMatchObject({ served: 1, state: 'committed' })
})

test('A word given within the soak counts, and does not spare the soak', async () => {
  const { process, id } = await unconfirmed(1_000)
  expect(process.state).toBe('soaking')
  const record = process.reloader.confirm(id)
  await process.advance(SOAK_MS - 1_001)
  expect(process.state).toBe('soaking')
  await process.advance(1)
  expect(await record).toMatchObject({ outcome: 'committed' })

  const other = await unconfirmed(1_000)
  const second = other.process.reloader.confirm(other.id)
  other.process.modules.b.script('check', 'reject')
  await other.process.advance(SOAK_MS)
  expect(await second).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-failed' }] })
  expect(other.process.served).toBe(1)
})

test('A wrong id, a second time and a time when nothing waits are refused', async () => {
  const { process, id } = await unconfirmed(1_000)
  for (const wrong of ['', 'x', `${id}0`, process.records[0]?.id ?? '']) {
    expect(await codeOf(process.reloader.confirm(wrong))).toBe('confirm.refused')
  }
  const record = process.reloader.confirm(id)
  expect(await codeOf(process.reloader.confirm(id))).toBe('confirm.refused')
  await process.advance(SOAK_MS)
  expect(await record).toMatchObject({ outcome: 'committed' })
  expect(await codeOf(process.reloader.confirm(id))).toBe('confirm.refused')
  expect(process.served).toBe(2)
})

test('Too early is refused: before its tick nobody can know what they confirm', async () => {
  const { world, process } = await provedWorld([1], confirming)
  const prefix = process.records[0]?.id.split('-')[0]
  const codes: string[] = []
  process.modules.b.script('prepare', 'deaf')
  world.source.put(documentOf(2))
  await process.advance(100)
  expect(process.state).toBe('preparing')
  for (const number of [1, 2, 3]) codes.push(await codeOf(process.reloader.confirm(`${prefix}-${number}`)))
  expect(codes).toEqual(['confirm.refused', 'confirm.refused', 'confirm.refused'])
  process.modules.b.release()
  await process.advance(SOAK_MS)
  expect(process.state).toBe('confirming')
})

test('Unconfirmed in time everything is as before with the same instances, and the digest is quarantined without an end', async () => {
  const { world, process, before, id } = await unconfirmed()
  await process.advance(WITHIN_MS - SOAK_MS - 1)
  expect(process.state).toBe('confirming')
  await process.advance(1)
  expect(process.last).toMatchObject({ id, outcome: 'rolled-back', failures: [{ code: 'confirm.expired' }] })
  expectAsBefore(process, before)
  expect(await codeOf(process.reloader.confirm(id))).toBe('confirm.refused')
  await process.advance(3_600_000)
  expectAsBefore(process, before)
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 1])
  await process.close()
  await expectRejectedAfterRestart(world)
})

test('With a proof that fills the whole time a word after it is too late', async () => {
  const { process, id, before } = await unconfirmed(0, { confirm: { withinMs: SOAK_MS } })
  expect(process.state).toBe('soaking')
  await process.advance(SOAK_MS)
  expect(await codeOf(process.reloader.confirm(id))).toBe('confirm.refused')
  await process.advance(1)
  expectAsBefore(process, before)
})

test('A check that fails while the word is waited for swaps back at once', async () => {
  const { process, before } = await unconfirmed()
  process.modules.b.always('check', 'reject')
  await process.advance(10_000)
  expect(process.last).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-failed' }] })
  expect(process.served).toBe(1)
  expect(process.reloader.modules.a.current).toBe(before[0])
})

test.each([
  ['close', 1_000],
  ['close', SOAK_MS],
  ['kill', 1_000],
  ['kill', SOAK_MS],
] as const)(
  'Restarted before the word everything is as before, and the digest is quarantined: %s after %i ms',
  async (end, ms) => {
    const { world, process } = await unconfirmed(ms)
    await process[end]()
    await expectRejectedAfterRestart(world)
  },
)

test('A close that comes before the tick quarantines nothing', async () => {
  const { world, process } = await provedWorld([1], confirming)
  process.modules.b.script('prepare', 'heed')
  world.source.put(documentOf(2))
  await process.advance(100)
  await process.close()
  const next = await world.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 2, state: 'confirming' })
})

test('A kill between the word and the disk leaves all as before; the call had not been answered', async () => {
  const { world, process, id } = await unconfirmed()
  world.kept.save('hangs', 'good', 'good.1', 'good.2')
  let answer = 'none'
  void codeOf(process.reloader.confirm(id)).then((outcome) => {
    answer = outcome
  })
  await process.advance(100)
  expect(process.state).toBe('promoting')
  expect(answer).toBe('none')
  process.kill()
  world.kept.save('well')
  await expectRejectedAfterRestart(world)
})

test('A kill after the goods are on the disk and before the journal is: it has held', async () => {
  const { world, process, id } = await unconfirmed()
  world.kept.save('hangs', 'journal')
  void process.reloader.confirm(id).catch(() => {})
  await process.advance(100)
  expect(world.kept.goods[0]?.revision.name).toBe('2')
  process.kill()
  world.kept.save('well')
  const next = await world.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 2, state: 'committed' })
  expect(next.reloader.status().quarantine).toEqual([])
  expect(next.codes('error')).toEqual([])
})

test('The last known good that comes back while a word is waited for swaps back at once', async () => {
  const { world, process, before } = await unconfirmed()
  world.source.put(documentOf(1))
  await process.advance(0)
  expect(process.served).toBe(1)
  expect(process.reloader.modules.a.current).toBe(before[0])
  expect(process.records.slice(1).map(({ outcome }) => outcome)).toEqual(['superseded', 'unchanged'])
  expect(process.reloader.status().quarantine).toEqual([])
})

test('A newer document waits until the word has come, and needs one of its own', async () => {
  const { world, process, id } = await unconfirmed()
  world.source.put(documentOf(3))
  await process.advance(1_000)
  expect(process.served).toBe(2)
  void process.reloader.confirm(id)
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'confirming' })
  expect(await codeOf(process.reloader.confirm(id))).toBe('confirm.refused')
  void process.reloader.confirm(process.reloader.status().confirmation?.transaction ?? '')
  await process.advance(0)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
})

test('retry() gives an unconfirmed document another time to be confirmed', async () => {
  const { process } = await unconfirmed(WITHIN_MS)
  expect(process.state).toBe('rolled-back')
  const retried = process.reloader.retry()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ state: 'confirming', served: 2 })
  void process.reloader.confirm(process.reloader.status().confirmation?.transaction ?? '')
  await process.advance(0)
  expect(await retried).toMatchObject({ trigger: 'retry', outcome: 'committed' })
  expect(process.reloader.status().quarantine).toEqual([])
})

test('Without a soak and without a store a word is waited for too, and the checks are asked meanwhile', async () => {
  const { process, id } = await unconfirmed(0, { keeps: false, soak: 0 })
  expect(process.state).toBe('confirming')
  const record = process.reloader.confirm(id)
  await process.advance(0)
  expect(await record).toMatchObject({ outcome: 'committed' })

  const other = await unconfirmed(WITHIN_MS, { keeps: false, soak: 0 })
  expect(other.process.last).toMatchObject({ outcome: 'rolled-back' })
  expect(other.process.served).toBe(1)
  expect(other.process.reloader.modules.a.current).toBe(other.before[0])
})
