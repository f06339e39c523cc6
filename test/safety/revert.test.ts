import { expect, test } from 'vitest'
import { permanent } from '../../src/index.ts'
import type { Config, Process } from './process.ts'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

const outcomes = (process: Process): string[] =>
  process.records.map(({ trigger, outcome, revision }) => `${trigger} ${revision?.name} ${outcome}`)

test('revert() returns to the good document before the last one in a normal transaction with a soak, and freezes', async () => {
  const { deployment, process } = await soakedDeployment([1, 2, 3])
  process.clearCalls()
  const reverted = process.reloader.revert()
  await process.advance(100)
  expect(process).toMatchObject({ state: 'soaking', served: 2 })
  await process.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ trigger: 'revert', outcome: 'committed', revision: { name: '2' } })
  expect(process.calls.slice(0, 6)).toEqual([
    'prepare a4',
    'prepare b4',
    'commit a4',
    'commit b4',
    'check a4',
    'check b4',
  ])
  const since = process.clock.now() - SOAK_MS - 100
  expect(process.reloader.status()).toMatchObject({
    frozen: { reason: 'reverted to 2', since, waiting: { name: '3' } },
    lastKnownGood: { revision: { name: '2' } },
    goodHistory: [{ revision: { name: '2' } }, { revision: { name: '3' } }, { revision: { name: '1' } }],
    inSync: false,
  })
  // The watch does not apply again what was reverted from.
  deployment.source.breakWatch('source.closed')
  await process.advance(120_000)
  expect(process.served).toBe(2)
  expect(deployment.store.goodHistory[0]?.revision.name).toBe('2')
})

test('revert({ to }) accepts the name of a revision or a digest, and rejects what the history does not hold', async () => {
  const { process } = await soakedDeployment([1, 2, 3])
  const digest = process.reloader.status().goodHistory[2]?.digest ?? ''
  const first = process.reloader.revert({ to: digest })
  await process.advance(SOAK_MS)
  expect(await first).toMatchObject({ outcome: 'committed', revision: { name: '1' } })
  const second = process.reloader.revert({ to: '3' })
  await process.advance(SOAK_MS)
  expect(await second).toMatchObject({ outcome: 'committed', revision: { name: '3' } })
  await expect(process.reloader.revert({ to: '17' })).rejects.toMatchObject({ code: 'reloader.no-such-good' })
  expect(process.served).toBe(3)
})

test('revert() is rejected if there is nothing to return to, and freezes nothing', async () => {
  const { process } = await soakedDeployment([1])
  await expect(process.reloader.revert()).rejects.toMatchObject({ code: 'reloader.no-such-good' })
  expect(process.reloader.status()).not.toHaveProperty('frozen')
})

test('Two revert() calls in a row go there and back, and the history holds each document once', async () => {
  const { process } = await soakedDeployment([1, 2])
  for (const value of [1, 2, 1]) {
    const reverted = process.reloader.revert()
    await process.advance(SOAK_MS)
    expect(await reverted).toMatchObject({ outcome: 'committed' })
    expect(process.served).toBe(value)
    expect(process.reloader.status().goodHistory).toHaveLength(2)
  }
})

test('revert() during a soak rolls back first, and then applies what was asked for', async () => {
  const { deployment, process } = await soakedDeployment([1, 2])
  const [, , two] = [...process.modules.a.made, process.reloader.modules.a.current]
  deployment.source.put(documentOf(3))
  await process.advance(1_000)
  expect(process.served).toBe(3)
  const seen: unknown[] = []
  process.modules.a.script('prepare', () => void seen.push(process.reloader.modules.a.current))
  const reverted = process.reloader.revert({ to: '1' })
  await process.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ outcome: 'committed', revision: { name: '1' } })
  expect(seen).toEqual([two])
  expect(outcomes(process).slice(2)).toEqual(['change 3 superseded', 'revert 1 committed'])
})

test('revert() during a soak to what serves before it is unchanged after the rollback', async () => {
  const { deployment, process } = await soakedDeployment([1, 2])
  deployment.source.put(documentOf(3))
  await process.advance(1_000)
  const reverted = process.reloader.revert({ to: '2' })
  await process.advance(100)
  expect(await reverted).toMatchObject({ outcome: 'unchanged', revision: { name: '2' } })
  expect(process.served).toBe(2)
  expect(process.reloader.status().frozen).toMatchObject({ waiting: { name: '3' } })
})

test('revert() during preparing aborts that transaction first', async () => {
  const { deployment, process } = await soakedDeployment([1, 2])
  process.modules.b.script('prepare', 'heed')
  deployment.source.put(documentOf(3))
  await process.advance(1_000)
  const reverted = process.reloader.revert()
  await process.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ outcome: 'committed', revision: { name: '1' } })
  expect(outcomes(process).slice(2)).toEqual(['change 3 aborted', 'revert 1 committed'])
})

test('After revert() and unfreeze() the newest document is applied again', async () => {
  const { deployment, process } = await soakedDeployment([1, 2])
  const reverted = process.reloader.revert()
  await process.advance(SOAK_MS)
  await reverted
  await process.reloader.unfreeze()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
  const again = process.reloader.revert()
  await process.advance(SOAK_MS)
  await again
  deployment.source.put(documentOf(4))
  await process.advance(100)
  await process.reloader.unfreeze()
  await process.advance(SOAK_MS)
  expect(process.served).toBe(4)
  expect(process.reloader.status().inSync).toBe(true)
})

test('A revert survives a restart: by close, and by a kill after and within its soak', async () => {
  for (const [end, soaked] of [
    ['close', SOAK_MS],
    ['kill', SOAK_MS],
    ['close', 1_000],
    ['kill', 1_000],
  ] as const) {
    const { deployment, process: first } = await soakedDeployment([1, 2, 3])
    void first.reloader.revert({ to: '1' }).catch(() => {})
    await first.advance(soaked)
    expect(first.served).toBe(1)
    await first[end]()
    const process = await deployment.up({}, 60_000)
    expect(process.served).toBe(1)
    expect(process.reloader.status()).toMatchObject({ frozen: { reason: 'reverted to 1', waiting: { name: '3' } } })
    await process.reloader.unfreeze()
    await process.advance(SOAK_MS)
    expect(process.served).toBe(3)
  }
})

test('A revert that is frozen again within its soak also survives a kill', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2])
  void first.reloader.revert()
  await first.advance(1_000)
  await first.reloader.freeze('and stay')
  first.kill()
  const process = await deployment.up({}, 1_000)
  expect(process.served).toBe(1)
  expect(process.reloader.status()).toMatchObject({ frozen: { reason: 'and stay' } })
})

test('A revert that fails serves what served and stays frozen, and a restart does not serve it', async () => {
  const { deployment, process } = await soakedDeployment([1, 2])
  const serving = process.reloader.modules.a.current
  process.modules.b.script('check', undefined, 'reject')
  const reverted = process.reloader.revert()
  await process.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-failed' }] })
  expect(process.reloader.modules.a.current).toBe(serving)
  expect(process.reloader.status()).toMatchObject({ frozen: { reason: 'reverted to 1' } })
  await process.advance(3_600_000)
  expect(process.served).toBe(2)
  process.kill()
  const next = await deployment.up({}, 1_000)
  expect(next.served).toBe(2)
  expect(next.reloader.status()).toMatchObject({ frozen: { reason: 'reverted to 1' } })
})

test('A revert asks schema and policies: what they reject now is rejected, and no module is called', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2])
  await first.close()
  const policies = [
    (next: Config, previous: Config | undefined) => {
      if (previous !== undefined && next.value < previous.value) throw new Error('never down')
    },
  ]
  const process = await deployment.up({ policies }, 1_000)
  process.clearCalls()
  const reverted = process.reloader.revert()
  await process.advance(1_000)
  expect(await reverted).toMatchObject({ outcome: 'rejected', failures: [{ code: 'policy.refused' }] })
  expect(process).toMatchObject({ served: 2, calls: [] })
  expect(process.reloader.status()).toMatchObject({ frozen: { reason: 'reverted to 1' } })
  await process.close()
  expect((await deployment.up({}, 1_000)).served).toBe(2)
})

test('A revert needs no confirmation, because an operator has asked for it', async () => {
  const { deployment, process } = await soakedDeployment([1], { confirm: { withinMs: 60_000 } })
  deployment.source.put(documentOf(2))
  await process.advance(SOAK_MS)
  void process.reloader.confirm(process.reloader.status().confirmation?.transaction ?? '')
  await process.advance(0)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
  const reverted = process.reloader.revert()
  await process.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ outcome: 'committed' })
  expect(process).toMatchObject({ served: 1, state: 'committed' })
})

test('A revert can go to a quarantined document', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await process.close()
  deployment.source.put(documentOf(2))
  const second = await deployment.up({}, SOAK_MS)
  deployment.source.put(documentOf(1))
  second.modules.b.script('check', () => Promise.reject(permanent('gone')))
  await second.advance(SOAK_MS)
  expect(second.reloader.status().quarantine).toHaveLength(1)
  const reverted = second.reloader.revert()
  await second.advance(SOAK_MS)
  expect(await reverted).toMatchObject({ outcome: 'committed' })
  expect(second.served).toBe(1)
  expect(second.reloader.status().quarantine).toEqual([])
})

test('unfreeze() and close() right after revert() leave no call unresolved, and lose no document', async () => {
  for (const after of ['unfreeze', 'close'] as const) {
    const { process } = await soakedDeployment([1, 2])
    const outcome = process.reloader.revert().then(
      (record) => record.outcome,
      ({ code }: { code: string }) => code,
    )
    if (after === 'unfreeze') void process.reloader.unfreeze()
    else void process.reloader.close()
    await process.advance(2 * SOAK_MS + 100)
    // What the source holds comes back while the revert prepares, and takes over.
    expect(await outcome).toBe(after === 'unfreeze' ? 'superseded' : 'aborted')
    if (after === 'unfreeze') expect(process).toMatchObject({ state: 'committed', served: 2 })
  }
})

test('Without a store there is a history too, in memory', async () => {
  const deployment = createDeployment({ boot: { persists: false, soak: 1_000 } })
  const process = await deployment.up({}, 1_000)
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  const reverted = process.reloader.revert()
  await process.advance(1_000)
  expect(await reverted).toMatchObject({ outcome: 'committed' })
  expect(process.served).toBe(1)
})
