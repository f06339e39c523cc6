import { expect, test } from 'vitest'
import { secret } from '../support/secrets.ts'
import type { Process } from './process.ts'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

const refuse = (code: string) => () => Promise.reject(Object.assign(new Error(secret('thrown')), { code }))

test('A document that failed in applying is quarantined with its module, phase, code, cause code, count and end', async () => {
  const { deployment, process } = await soakedDeployment([1], { random: () => 0.5 })
  process.modules.b.script('prepare', refuse('ECONNREFUSED'))
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(process.last).toMatchObject({ outcome: 'rolled-back' })
  const since = process.clock.now()
  expect(process.reloader.status().quarantine).toEqual([
    {
      digest: process.last?.digest,
      revision: '2',
      code: 'module.prepare-failed',
      causeCode: 'ECONNREFUSED',
      module: 'b',
      phase: 'prepare',
      count: 1,
      since,
      until: since + 3_750, // half of the first 5 s, and half of that half at random
    },
  ])
})

/** The length of the quarantine of the last failure; undefined if it has no end. */
const quarantineMs = (process: Process): number | undefined => {
  const [entry] = process.reloader.status().quarantine
  return entry?.until === undefined ? undefined : entry.until - entry.since
}

test('A failure that may pass is retried automatically with a growing, jittered delay, up to the maximum', async () => {
  const chances = [0, 0.999_999, 0.5, 0, 0.999_999]
  let chance = 0
  const { deployment, process } = await soakedDeployment([1], {
    random: () => chance,
    quarantine: { minMs: 1_000, maxMs: 5_000 },
  })
  process.modules.b.always('prepare', refuse('ETIMEDOUT'))
  const delaysMs: (number | undefined)[] = []
  for (chance of chances) {
    if (delaysMs.length === 0) {
      deployment.source.put(documentOf(2))
      await process.advance(0)
    } else {
      const { length } = process.records
      await process.advance((delaysMs.at(-1) ?? 0) - 1)
      expect(process.records).toHaveLength(length)
      await process.advance(1)
      expect(process.records).toHaveLength(length + 1)
      expect(process.last).toMatchObject({
        trigger: 'quarantine-expired',
        outcome: 'rolled-back',
        revision: { name: '2' },
      })
    }
    delaysMs.push(quarantineMs(process))
    expect(process.reloader.status().quarantine).toMatchObject([{ count: delaysMs.length }])
  }
  // Half of 1, 2, 4 and then 5 s, plus a random part of the other half.
  expect(delaysMs).toEqual([500, 2_000, 3_000, 2_500, 5_000])
  process.modules.b.heal()
  await process.advance(5_000 + SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
  expect(process.reloader.status().quarantine).toEqual([])
})

test.each([
  ['a deadline', 'prepare', 'heed', 'module.prepare-timeout', true],
  ['a connection', 'prepare', refuse('ECONNRESET'), 'module.prepare-failed', true],
  ['a database that starts', 'prepare', refuse('57P03'), 'module.prepare-failed', true],
  ['too many connections', 'check', refuse('53300'), 'module.check-failed', true],
  ['a check that hangs', 'check', 'heed', 'module.check-timeout', true],
  ['a prepare that throws', 'prepare', 'throw', 'module.prepare-failed', false],
  ['a commit that throws', 'commit', 'throw', 'module.commit-failed', false],
  ['a check that fails', 'check', 'reject', 'module.check-failed', false],
  ['a wrong password', 'prepare', refuse('28P01'), 'module.prepare-failed', false],
] as const)(
  'The quarantine ends if the failure may pass, and does not end if it cannot: %s',
  async (_, hook, behavior, code, mayPass) => {
    const { deployment, process } = await soakedDeployment([1], { quarantine: { minMs: 60_000, maxMs: 60_000 } })
    process.modules.b.script(hook, behavior)
    deployment.source.put(documentOf(2))
    await process.advance(behavior === 'heed' ? 30_000 : 0)
    expect(process.last).toMatchObject({ outcome: 'rolled-back', failures: [{ code }] })
    expect(process.served).toBe(1)
    expect(process.reloader.status().quarantine).toMatchObject([{ code, count: 1 }])
    expect(quarantineMs(process) !== undefined).toBe(mayPass)
    await process.advance(7_200_000)
    expect(process.served).toBe(mayPass ? 2 : 1)
  },
)

test('A quarantined document that is delivered again is rejected with the code quarantined, and no module is called', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.script('commit', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  process.clearCalls()
  deployment.source.put(documentOf(2)) // the same config at another revision
  await process.advance(0)
  expect(process.last).toMatchObject({
    outcome: 'rejected',
    revision: { name: '3' },
    failures: [{ code: 'quarantined', module: 'b', phase: 'validating', revision: '3' }],
  })
  const again = process.reloader.reload()
  await process.advance(0)
  expect(await again).toMatchObject({ outcome: 'rejected', failures: [{ code: 'quarantined' }] })
  expect(process.calls).toEqual([])
  expect(process).toMatchObject({ served: 1, state: 'rejected' })
})

test('A changed document is tried at once, and the one it replaced is not tried any more', async () => {
  const { deployment, process } = await soakedDeployment([1], { quarantine: { minMs: 1_000, maxMs: 1_000 } })
  process.modules.b.script('prepare', refuse('ECONNREFUSED'))
  deployment.source.put(documentOf(2))
  await process.advance(0)
  deployment.source.put(documentOf(3))
  await process.advance(SOAK_MS + 60_000)
  expect(process.served).toBe(3)
  expect(process.records.map(({ trigger }) => trigger)).toEqual(['start', 'change', 'change'])
})

test('retry() tries once more, and a second failure makes the quarantine longer', async () => {
  const { deployment, process } = await soakedDeployment([1], {
    random: () => 0.5,
    quarantine: { minMs: 10_000, maxMs: 60_000 },
  })
  process.modules.b.script('prepare', refuse('ECONNREFUSED'), refuse('ECONNREFUSED'))
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(quarantineMs(process)).toBe(7_500)
  const second = process.reloader.retry()
  await process.advance(0)
  expect(await second).toMatchObject({ trigger: 'retry', outcome: 'rolled-back' })
  expect(quarantineMs(process)).toBe(15_000)
  await process.advance(10_000)
  expect(process.records).toHaveLength(3)
  const third = process.reloader.retry()
  await process.advance(SOAK_MS)
  expect(await third).toMatchObject({ trigger: 'retry', outcome: 'committed' })
  expect(process.served).toBe(2)
  await expect(process.reloader.retry()).rejects.toMatchObject({ code: 'reloader.nothing-to-retry' })
})

test('retry() also tries a document whose failure cannot pass, and leaves it quarantined if it fails again', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.script('commit', 'throw', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  const retried = process.reloader.retry()
  await process.advance(0)
  expect(await retried).toMatchObject({ outcome: 'rolled-back' })
  expect(process.reloader.status().quarantine).toMatchObject([{ count: 2, code: 'module.commit-failed' }])
  const reloaded = process.reloader.reload()
  await process.advance(0)
  expect(await reloaded).toMatchObject({ outcome: 'rejected' }) // the retry allowed one attempt
})

test('retry() rejects if nothing waits, if a newer document replaces it, and while closing', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await expect(process.reloader.retry()).rejects.toMatchObject({ code: 'reloader.nothing-to-retry' })
  process.modules.b.script('commit', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  deployment.source.silence()
  deployment.source.put(documentOf(3))
  const reloaded = process.reloader.reload()
  const retried = process.reloader.retry()
  const outcome = retried.then(
    ({ trigger }) => trigger,
    ({ code }: { code: string }) => code,
  )
  await process.advance(SOAK_MS)
  expect(await reloaded).toMatchObject({ outcome: 'committed', revision: { name: '3' } })
  expect(await outcome).toBe('reloader.nothing-to-retry')
})

test('release() forgets one config or all, and tries the one that waits', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.script('commit', 'throw', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  const two = process.last?.digest ?? ''
  deployment.source.put(documentOf(3))
  await process.advance(0)
  const three = process.last?.digest ?? ''
  expect(process.reloader.status().quarantine.map(({ digest }) => digest)).toEqual([three, two])
  const { length } = process.records
  await process.reloader.release({ digest: two })
  await process.advance(0)
  expect(process.reloader.status().quarantine.map(({ digest }) => digest)).toEqual([three])
  expect(process.records).toHaveLength(length) // the waiting document is still quarantined
  await process.reloader.release()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
  expect(process.reloader.status().quarantine).toEqual([])
  expect(deployment.store.journal?.quarantine).toEqual([])
})

test('A quarantine survives a restart by close and by kill, with its count and its end', async () => {
  for (const end of ['close', 'kill'] as const) {
    const { deployment, process } = await soakedDeployment([1], { quarantine: { minMs: 60_000, maxMs: 60_000 } })
    process.modules.b.script('prepare', refuse('ECONNREFUSED'))
    deployment.source.put(documentOf(2))
    await process.advance(0)
    const { quarantine } = process.reloader.status()
    await process[end]()
    const next = await deployment.up({}, 100)
    expect(next.reloader.status().quarantine).toEqual(quarantine)
    expect(next).toMatchObject({ served: 1, state: 'rejected' })
    await next.advance(60_000 + SOAK_MS)
    expect(next).toMatchObject({ served: 2, state: 'committed' })
    expect(next.last?.trigger).toBe('quarantine-expired')
  }
})

test('If the source holds something else when a quarantine ends, that is not tried', async () => {
  const { deployment, process } = await soakedDeployment([1], { quarantine: { minMs: 1_000, maxMs: 1_000 } })
  process.modules.b.script('prepare', refuse('ECONNREFUSED'))
  deployment.source.put(documentOf(2))
  await process.advance(0)
  deployment.source.put(documentOf(1))
  await process.advance(0)
  expect(process.last?.outcome).toBe('unchanged')
  await process.advance(60_000)
  expect(process).toMatchObject({ served: 1, state: 'committed' })
})

test('A first document that fails is not quarantined, because there is no other', async () => {
  const deployment = createDeployment()
  const process = deployment.boot()
  process.modules.b.script('prepare', 'reject')
  await expect(process.start(1_000)).rejects.toMatchObject({ code: 'module.prepare-failed' })
  await process.close()
  const next = await deployment.up({}, 1_000)
  expect(next.served).toBe(1)
})

test('The quarantine is bounded', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.always('commit', 'throw')
  for (let value = 2; value < 80; value++) {
    deployment.source.put(documentOf(value))
    await process.advance(300)
  }
  expect(process.reloader.status().quarantine).toHaveLength(64)
  expect(process.reloader.status().quarantine[0]?.revision).toBe('79')
  expect(deployment.store.journal?.quarantine).toHaveLength(64)
})
