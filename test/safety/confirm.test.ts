import { expect, test } from 'vitest'
import { permanent } from '../../src/index.ts'
import {
  confirming,
  createDeployment,
  type Deployment,
  documentOf,
  resultOf,
  SOAK_MS,
  soakedDeployment,
  unconfirmedDeployment,
  WITHIN_MS,
} from './deployment.ts'
import type { Process } from './process.ts'

/** Expects the state before 2: the same instances serve, and 2 is quarantined without an end. */
const expectAsBefore = (process: Process, before: readonly unknown[]): void => {
  expect(process.served).toBe(1)
  expect([process.reloader.modules.a.current, process.reloader.modules.b.current]).toEqual(before)
  expect(process.reloader.modules.a.current).toBe(before[0])
  expect(process.reloader.modules.a.current?.closes).toBe(0)
  expect(process.reloader.status().quarantine).toMatchObject([{ revision: '2', code: 'confirm.expired', count: 1 }])
  expect(process.reloader.status().quarantine[0]).not.toHaveProperty('nextTryAt')
}

/** Expects that after a restart 1 serves, and 2 is rejected and quarantined without an end. */
const expectRejectedAfterRestart = async (deployment: Deployment): Promise<void> => {
  const next = await deployment.up({}, 3_600_000)
  expect(next).toMatchObject({ served: 1, state: 'rejected' })
  expect(next.reloader.status().quarantine).toMatchObject([{ revision: '2', code: 'confirm.expired' }])
  expect(next.reloader.status().quarantine[0]).not.toHaveProperty('nextTryAt')
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['1'])
}

test('A change waits for its confirmation after the soak: both generations live, and status() shows the deadline', async () => {
  const { process, id } = await unconfirmedDeployment()
  expect(process).toMatchObject({ state: 'confirming', served: 2 })
  expect(process.reloader.status().confirmation).toEqual({
    transaction: id,
    until: process.clock.now() - SOAK_MS + WITHIN_MS,
  })
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 0])
  await process.advance(30_000)
  // The checks continue.
  expect(process.calls.filter((call) => call === 'check a2').length).toBeGreaterThan(3)
  const record = process.reloader.confirm(id)
  await process.advance(0)
  expect(await record).toMatchObject({ id, outcome: 'committed' })
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([1, 0])
  expect(process.reloader.status()).toMatchObject({ lastKnownGood: { revision: { name: '2' } } })
  expect(process.reloader.status()).not.toHaveProperty('confirmation')
})

test('A first document needs no confirmation, because there is nothing to return to', async () => {
  const deployment = createDeployment({ boot: confirming })
  const process = await deployment.up({}, SOAK_MS)
  expect(process).toMatchObject({ served: 1, state: 'committed' })
})

test('A confirmation during the soak counts, but does not shorten the soak', async () => {
  const { process, id } = await unconfirmedDeployment(1_000)
  expect(process.state).toBe('soaking')
  const record = process.reloader.confirm(id)
  await process.advance(SOAK_MS - 1_001)
  expect(process.state).toBe('soaking')
  await process.advance(1)
  expect(await record).toMatchObject({ outcome: 'committed' })

  const other = await unconfirmedDeployment(1_000)
  const second = other.process.reloader.confirm(other.id)
  other.process.modules.b.script('check', () => Promise.reject(permanent('gone')))
  await other.process.advance(SOAK_MS)
  expect(await second).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-failed' }] })
  expect(other.process.served).toBe(1)
})

test('A confirmation is rejected if its id is wrong, if it is the second one, or if nothing waits for it', async () => {
  const { process, id } = await unconfirmedDeployment(1_000)
  for (const wrong of ['', 'x', `${id}0`, process.records[0]?.id ?? '']) {
    expect(await resultOf(process.reloader.confirm(wrong))).toBe('confirm.refused')
  }
  const record = process.reloader.confirm(id)
  expect(await resultOf(process.reloader.confirm(id))).toBe('confirm.refused')
  await process.advance(SOAK_MS)
  expect(await record).toMatchObject({ outcome: 'committed' })
  expect(await resultOf(process.reloader.confirm(id))).toBe('confirm.refused')
  expect(process.served).toBe(2)
})

test('A confirmation before the commit is rejected, because it is not known yet what is confirmed', async () => {
  const { deployment, process } = await soakedDeployment([1], confirming)
  const prefix = process.records[0]?.id.split('-')[0]
  const codes: string[] = []
  process.modules.b.script('prepare', 'deaf')
  deployment.source.put(documentOf(2))
  await process.advance(100)
  expect(process.state).toBe('preparing')
  for (const number of [1, 2, 3]) codes.push(await resultOf(process.reloader.confirm(`${prefix}-${number}`)))
  expect(codes).toEqual(['confirm.refused', 'confirm.refused', 'confirm.refused'])
  process.modules.b.release()
  await process.advance(SOAK_MS)
  expect(process.state).toBe('confirming')
})

test('Without a confirmation in time the same instances serve as before, and the digest is quarantined without an end', async () => {
  const { deployment, process, before, id } = await unconfirmedDeployment()
  await process.advance(WITHIN_MS - SOAK_MS - 1)
  expect(process.state).toBe('confirming')
  await process.advance(1)
  expect(process.last).toMatchObject({ id, outcome: 'rolled-back', failures: [{ code: 'confirm.expired' }] })
  expectAsBefore(process, before)
  expect(await resultOf(process.reloader.confirm(id))).toBe('confirm.refused')
  await process.advance(3_600_000)
  expectAsBefore(process, before)
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 1])
  await process.close()
  await expectRejectedAfterRestart(deployment)
})

test('If the soak takes all of the time, a confirmation after it is too late', async () => {
  const { process, id, before } = await unconfirmedDeployment(0, { confirm: { withinMs: SOAK_MS } })
  expect(process.state).toBe('soaking')
  await process.advance(SOAK_MS)
  expect(await resultOf(process.reloader.confirm(id))).toBe('confirm.refused')
  await process.advance(1)
  expectAsBefore(process, before)
})

test('A check that fails during the wait for the confirmation rolls back at once', async () => {
  const { process, before } = await unconfirmedDeployment()
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
  'After a restart before the confirmation everything is as before, and the digest is quarantined: %s after %i ms',
  async (end, ms) => {
    const { deployment, process } = await unconfirmedDeployment(ms)
    await process[end]()
    await expectRejectedAfterRestart(deployment)
  },
)

test('A close before the commit quarantines nothing', async () => {
  const { deployment, process } = await soakedDeployment([1], confirming)
  process.modules.b.script('prepare', 'heed')
  deployment.source.put(documentOf(2))
  await process.advance(100)
  await process.close()
  const next = await deployment.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 2, state: 'confirming' })
})

test('A kill between the confirmation and its write to disk leaves everything as before; the call had not resolved', async () => {
  const { deployment, process, id } = await unconfirmedDeployment()
  deployment.store.save('hangs', 'good', 'good.1', 'good.2')
  let answer = 'none'
  void resultOf(process.reloader.confirm(id)).then((outcome) => {
    answer = outcome
  })
  await process.advance(100)
  expect(process.state).toBe('promoting')
  expect(answer).toBe('none')
  process.kill()
  deployment.store.save('well')
  await expectRejectedAfterRestart(deployment)
})

test('A kill after the good document is on disk and before the journal is leaves the document good', async () => {
  const { deployment, process, id } = await unconfirmedDeployment()
  deployment.store.save('hangs', 'journal')
  void process.reloader.confirm(id).catch(() => {})
  await process.advance(100)
  expect(deployment.store.goodHistory[0]?.revision.name).toBe('2')
  process.kill()
  deployment.store.save('well')
  const next = await deployment.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 2, state: 'committed' })
  expect(next.reloader.status().quarantine).toEqual([])
  expect(next.codes('error')).toEqual([])
})

test('The last known good rolls back at once if it returns during the wait for a confirmation', async () => {
  const { deployment, process, before } = await unconfirmedDeployment()
  deployment.source.put(documentOf(1))
  await process.advance(0)
  expect(process.served).toBe(1)
  expect(process.reloader.modules.a.current).toBe(before[0])
  expect(process.records.slice(1).map(({ outcome }) => outcome)).toEqual(['superseded', 'unchanged'])
  expect(process.reloader.status().quarantine).toEqual([])
})

test('A newer document supersedes one that waits for its confirmation, and needs its own', async () => {
  const { deployment, process, id, before } = await unconfirmedDeployment()
  const served: (number | undefined)[] = []
  process.modules.a.always('prepare', () => served.push(process.served))
  deployment.source.put(documentOf(3))
  await process.advance(SOAK_MS)
  expect(served).toEqual([1]) // what was confirmed last serves while the hotfix is prepared
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 1, 0])
  expect(process.reloader.status().quarantine).toEqual([])
  expect(process).toMatchObject({ served: 3, state: 'confirming' })
  expect(before).toHaveLength(2)
  expect(await resultOf(process.reloader.confirm(id))).toBe('confirm.refused')
  void process.reloader.confirm(process.reloader.status().confirmation?.transaction ?? '')
  await process.advance(0)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
})

test.each([
  ['a document that is not JSON', '{'],
  ['a document that the schema refuses', { value: 'three' }],
  ['a document that is in quarantine', documentOf(3)],
])('An unconfirmed change is not given up for %s', async (_, newer) => {
  const deployment = createDeployment({ boot: confirming })
  const process = await deployment.up({}, SOAK_MS)
  process.modules.b.script('commit', 'throw')
  deployment.source.put(documentOf(3))
  await process.advance(0)
  deployment.source.put(documentOf(2))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'confirming' })
  deployment.source.put(newer)
  await process.advance(1_000)
  expect(process).toMatchObject({ served: 2, state: 'confirming' })
  const { confirmation, waiting } = process.reloader.status()
  expect(waiting).toEqual({
    revision: expect.objectContaining({ name: '4' }),
    reason: 'confirmation',
    until: confirmation?.until,
  })
  const confirmed = process.reloader.confirm(confirmation?.transaction ?? '')
  await process.advance(0)
  expect(await confirmed).toMatchObject({ outcome: 'committed' })
})

test('retry() gives an unconfirmed document another period to be confirmed', async () => {
  const { process } = await unconfirmedDeployment(WITHIN_MS)
  expect(process.state).toBe('rolled-back')
  const retried = process.reloader.retry()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ state: 'confirming', served: 2 })
  void process.reloader.confirm(process.reloader.status().confirmation?.transaction ?? '')
  await process.advance(0)
  expect(await retried).toMatchObject({ trigger: 'retry', outcome: 'committed' })
  expect(process.reloader.status().quarantine).toEqual([])
})

test('A confirmation is also awaited without a soak and without a store, while the checks run', async () => {
  const { process, id } = await unconfirmedDeployment(0, { persists: false, soak: 0 })
  expect(process.state).toBe('confirming')
  const record = process.reloader.confirm(id)
  await process.advance(0)
  expect(await record).toMatchObject({ outcome: 'committed' })

  const other = await unconfirmedDeployment(WITHIN_MS, { persists: false, soak: 0 })
  expect(other.process.last).toMatchObject({ outcome: 'rolled-back' })
  expect(other.process.served).toBe(1)
  expect(other.process.reloader.modules.a.current).toBe(other.before[0])
})
