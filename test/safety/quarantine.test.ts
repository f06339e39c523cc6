import { expect, test } from 'vitest'
import { permanent, transient } from '../../src/index.ts'
import { secret } from '../support/secrets.ts'
import type { Process } from './process.ts'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

function ownCause(): Error {
  const error = new Error('endless')
  error.cause = error
  return error
}

function badCause(): Error {
  return Object.defineProperty(new Error('bad'), 'cause', {
    get() {
      throw new Error('getter')
    },
  })
}

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
      reason: 'The module could not prepare its next generation (ECONNREFUSED)',
      module: 'b',
      phase: 'prepare',
      count: 1,
      since,
      nextTryAt: since + 3_750, // half of the first 5 s, and half of that half at random
    },
  ])
})

/** The length of the quarantine of the last failure; undefined if it has no end. */
const quarantineMs = (process: Process): number | undefined => {
  const [entry] = process.reloader.status().quarantine
  return entry?.nextTryAt === undefined ? undefined : entry.nextTryAt - entry.since
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

const throwing = (error: unknown) => () => Promise.reject(error)
const nested = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code }) })

test.each([
  ['a deadline', 'prepare', 'heed', 'module.prepare-timeout', undefined],
  ['a connection', 'prepare', refuse('ECONNRESET'), 'module.prepare-failed', 'ECONNRESET'],
  ['a database that starts', 'prepare', refuse('57P03'), 'module.prepare-failed', '57P03'],
  ['too many connections', 'check', refuse('53300'), 'module.check-failed', '53300'],
  ['a check that hangs', 'check', 'heed', 'module.check-timeout', undefined],
  ['a prepare that throws', 'prepare', 'throw', 'module.prepare-failed', undefined],
  ['a prepare that throws no error', 'prepare', throwing('down'), 'module.prepare-failed', undefined],
  ['a prepare that rejects with nothing', 'prepare', throwing(undefined), 'module.prepare-failed', undefined],
  ['a check that fails', 'check', 'reject', 'module.check-failed', undefined],
  ['a password that is not set yet', 'prepare', refuse('28P01'), 'module.prepare-failed', '28P01'],
  ['a database that is not created yet', 'prepare', refuse('3D000'), 'module.prepare-failed', '3D000'],
  ['a name that is not known yet', 'prepare', refuse('ENOTFOUND'), 'module.prepare-failed', 'ENOTFOUND'],
  ['the cause of a failed fetch', 'prepare', throwing(nested('ECONNREFUSED')), 'module.prepare-failed', 'ECONNREFUSED'],
  [
    'an aggregate',
    'prepare',
    throwing(new AggregateError([nested('EHOSTUNREACH')])),
    'module.prepare-failed',
    'EHOSTUNREACH',
  ],
  ['MySQL', 'prepare', refuse('PROTOCOL_CONNECTION_LOST'), 'module.prepare-failed', 'PROTOCOL_CONNECTION_LOST'],
  [
    'gRPC',
    'check',
    throwing(Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'x' })),
    'module.check-failed',
    'UNAVAILABLE',
  ],
  ['a cause that is its own', 'prepare', throwing(ownCause()), 'module.prepare-failed', undefined],
  ['a cause whose getter throws', 'check', throwing(badCause()), 'module.check-failed', undefined],
  [
    'an error declared transient',
    'prepare',
    throwing(transient(permanent(new Error('down')))),
    'module.prepare-failed',
    undefined,
  ],
  [
    'a transient error around a permanent one',
    'check',
    throwing(transient(new Error('busy', { cause: permanent('gone') }))),
    'module.check-failed',
    undefined,
  ],
] as const)(
  'A failure that may pass is tried again without a call from outside: %s',
  async (_, hook, behavior, code, causeCode) => {
    const { deployment, process } = await soakedDeployment([1], { quarantine: { minMs: 60_000, maxMs: 60_000 } })
    process.modules.b.script(hook, behavior)
    deployment.source.put(documentOf(2))
    await process.advance(behavior === 'heed' ? 30_000 : 0)
    expect(process.last).toMatchObject({ outcome: 'rolled-back', failures: [{ code }] })
    expect(process.served).toBe(1)
    const [entry] = process.reloader.status().quarantine
    expect(entry).toMatchObject({ code, count: 1 })
    expect(entry?.causeCode).toBe(causeCode)
    expect(entry?.nextTryAt).toBeGreaterThan(entry?.since ?? 0)
    await process.advance(60_000 + SOAK_MS)
    expect(process).toMatchObject({ served: 2, state: 'committed' })
    expect(process.reloader.status()).toMatchObject({ quarantine: [], inSync: true })
  },
)

test.each([
  ['a commit that throws', 'commit', 'throw', 'module.commit-failed'],
  [
    'a prepare that declares it permanent',
    'prepare',
    throwing(permanent(new Error('no such region'))),
    'module.prepare-failed',
  ],
  ['a check that declares it permanent', 'check', throwing(permanent('gone')), 'module.check-failed'],
  [
    'a cause that is declared permanent',
    'prepare',
    throwing(new Error('db', { cause: permanent(nested('ENOENT')) })),
    'module.prepare-failed',
  ],
  [
    'an aggregate with a permanent error',
    'prepare',
    throwing(new AggregateError([new Error('a'), permanent(new Error('b'))])),
    'module.prepare-failed',
  ],
  ['a frozen error', 'prepare', throwing(permanent(Object.freeze(new Error('frozen')))), 'module.prepare-failed'],
] as const)(
  'A lasting failure is tried again only after a call or another document: %s',
  async (_, hook, behavior, code) => {
    const { deployment, process } = await soakedDeployment([1], { quarantine: { minMs: 60_000, maxMs: 60_000 } })
    process.modules.b.script(hook, behavior)
    deployment.source.put(documentOf(2))
    await process.advance(0)
    expect(process.last).toMatchObject({ outcome: 'rolled-back', failures: [{ code }] })
    const [entry] = process.reloader.status().quarantine
    expect(entry).toMatchObject({ code, count: 1 })
    expect(entry).not.toHaveProperty('nextTryAt')
    await process.advance(86_400_000)
    expect(process.served).toBe(1)
    const reloaded = process.reloader.reload()
    await process.advance(SOAK_MS)
    expect(await reloaded).toMatchObject({ outcome: 'committed' })
    expect(process.served).toBe(2)
  },
)

test('Among several failures, one that lasts decides', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.a.script('check', 'reject')
  process.modules.b.script('check', throwing(permanent(new Error('no such region'))))
  deployment.source.put(documentOf(2))
  await process.advance(SOAK_MS)
  expect(process.last).toMatchObject({ failures: [{ module: 'a' }, { module: 'b' }] })
  const [entry] = process.reloader.status().quarantine
  expect(entry).toMatchObject({ module: 'b', code: 'module.check-failed' })
  expect(entry).not.toHaveProperty('nextTryAt')
})

test('Before a commit a document is tried again within a minute, after one within maxMs', async () => {
  for (const [hook, expectedMs] of [
    ['prepare', 60_000],
    ['check', 600_000],
  ] as const) {
    const { deployment, process } = await soakedDeployment([1], { random: () => 0.999_999_999 })
    process.modules.b.always(hook, 'reject')
    deployment.source.put(documentOf(2))
    await process.advance(3_600_000)
    expect(quarantineMs(process)).toBe(expectedMs)
    await process.close()
  }
})

test.each(['another config', 'the config that serves'])('An entry ends once the source has held %s', async (other) => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.script('commit', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(process.reloader.status().quarantine).toHaveLength(1)
  deployment.source.put(documentOf(other === 'another config' ? 3 : 1))
  await process.advance(SOAK_MS)
  expect(process.reloader.status().quarantine).toEqual([])
  deployment.source.put(documentOf(2))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
})

test('An entry does not end with a config that fails its soak, with a restore, or with a revert', async () => {
  const { deployment, process } = await soakedDeployment([1, 2])
  process.modules.b.script('commit', 'throw')
  deployment.source.put(documentOf(3))
  await process.advance(0)
  process.modules.b.script('check', throwing(permanent('gone')))
  deployment.source.put(documentOf(4))
  await process.advance(SOAK_MS)
  expect(process.reloader.status().quarantine).toHaveLength(2)
  deployment.source.put(documentOf(3))
  const reverted = process.reloader.revert()
  await process.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ outcome: 'committed' })
  expect(process.reloader.status().quarantine).toHaveLength(2)
  await process.close()
  const next = await deployment.up({}, SOAK_MS)
  expect(next.reloader.status().quarantine.map(({ code }) => code)).toContain('module.commit-failed')
})

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
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(process.last).toMatchObject({ outcome: 'rejected' }) // the retry allowed one attempt
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
