import { expect, test } from 'vitest'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

test('With a store the soak defaults to 10 s, without one to none, and the option overrides both', async () => {
  for (const [options, ms] of [
    [{}, 10_000],
    [{ soak: 3_000 }, 3_000],
    [{ soak: 0 }, 0],
    [{ persists: false }, 0],
  ] as const) {
    const deployment = createDeployment({ boot: options })
    const process = await deployment.up()
    expect(process.state).toBe(ms === 0 ? 'committed' : 'soaking')
    await process.advance(Math.max(0, ms - 1))
    expect(process.state).toBe(ms === 0 ? 'committed' : 'soaking')
    await process.advance(1)
    expect(process.state).toBe('committed')
    expect(deployment.store.goodHistory).toHaveLength('persists' in options ? 0 : 1)
  }
})

test('A failed round rolls everything back to the same instances, closes the new ones and promotes nothing', async () => {
  const { deployment, process } = await soakedDeployment([1])
  const before = [process.reloader.modules.a.current, process.reloader.modules.b.current]
  deployment.source.put(documentOf(2))
  await process.advance(9_000)
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 0])
  process.modules.b.always('check', 'reject')
  await process.advance(1_000)
  expect(process.last).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.check-failed', module: 'b' }],
  })
  expect(process.reloader.modules.a.current).toBe(before[0])
  expect(process.reloader.modules.b.current).toBe(before[1])
  expect(process.modules.a.made.map(({ closes }) => closes)).toEqual([0, 1])
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['1'])
  expect(process.reloader.status().lastKnownGood).toMatchObject({ revision: { name: '1' } })
})

test('A rollback never depends on a check, neither before it nor of what serves again', async () => {
  const asked: number[] = []
  const checks = [({ value }: { readonly value: number }) => void asked.push(value)]
  const { deployment, process } = await soakedDeployment([1], { soak: { durationMs: SOAK_MS, checks } })
  asked.length = 0
  deployment.source.put(documentOf(2))
  await process.advance(500)
  process.clearCalls()
  // Everything fails its check now, including what served before.
  process.modules.a.always('check', 'reject')
  process.modules.b.always('check', 'deaf')
  deployment.source.put(documentOf(1))
  await process.advance(0)
  expect(process.served).toBe(1)
  expect(process.calls.filter((call) => !call.startsWith('close'))).toEqual(['rollback b2', 'rollback a2'])
  await process.advance(60_000)
  expect(process.calls.filter((call) => /check a1|check b1/.test(call))).toEqual([])
  expect(asked.filter((value) => value !== 2)).toEqual([])
})

test('The last known good ends a soak with a rollback as soon as it arrives, however its text is written', async () => {
  for (const text of [JSON.stringify(documentOf(1)), JSON.stringify(documentOf(1), undefined, 2)]) {
    const { deployment, process } = await soakedDeployment([1])
    const before = process.reloader.modules.a.current
    deployment.source.put(documentOf(2))
    await process.advance(5_000)
    expect(process.served).toBe(2)
    deployment.source.put(text)
    await process.advance(0)
    expect(process).toMatchObject({ served: 1, state: 'committed' })
    expect(process.reloader.modules.a.current).toBe(before)
    expect(process.records.slice(1).map(({ outcome }) => outcome)).toEqual(['superseded', 'unchanged'])
    expect(process.reloader.status()).toMatchObject({ inSync: true, quarantine: [] })
    expect(process.reloader.status().lastKnownGood?.revision.name).toBe('3')
    expect(deployment.store.journal?.attempts).toEqual([])
  }
})

test('Another document that arrives during a soak waits for its end', async () => {
  const { deployment, process } = await soakedDeployment([1])
  deployment.source.put(documentOf(2))
  await process.advance(5_000)
  deployment.source.put(documentOf(3))
  await process.advance(4_999)
  expect(process.served).toBe(2)
  await process.advance(1)
  expect(process).toMatchObject({ served: 3, state: 'soaking' })
  expect(deployment.store.goodHistory[0]?.revision.name).toBe('2')
})

test('A newer document is applied if it arrives after the last known good', async () => {
  const { deployment, process } = await soakedDeployment([1])
  deployment.source.put(documentOf(2))
  await process.advance(5_000)
  deployment.source.put(documentOf(1))
  deployment.source.put(documentOf(3))
  await process.advance(2 * SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
})

test('A first document that fails its soak is not promoted, and the document that repairs it is', async () => {
  const deployment = createDeployment({ boot: { repair: { minMs: 1_000, maxMs: 1_000 } } })
  const process = deployment.boot()
  process.modules.b.script('check', 'reject')
  await process.start(0)
  expect(process).toMatchObject({ state: 'degraded', served: 1 })
  expect(deployment.store.goodHistory).toEqual([])
  expect(process.reloader.status()).toMatchObject({ quarantine: [], goodHistory: [] })
  await process.advance(1_000 + SOAK_MS)
  expect(process).toMatchObject({ state: 'committed', served: 1 })
  expect(deployment.store.goodHistory).toHaveLength(1)
})
