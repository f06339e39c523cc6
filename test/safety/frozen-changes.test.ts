import { expect, test } from 'vitest'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

test('A freeze survives a restart, by close and by kill: the last known good serves, and the document waits', async () => {
  for (const end of ['close', 'kill'] as const) {
    const { deployment, process: first } = await soakedDeployment([1])
    await first.reloader.freeze('until Monday')
    const { frozen } = first.reloader.status()
    deployment.source.put(documentOf(2))
    await first.advance(100)
    await first[end]()
    const process = await deployment.up({}, 60_000)
    expect(process.served).toBe(1)
    expect(process.reloader.status().frozen).toEqual({ ...frozen, waiting: deployment.source.revision })
    await expect(process.reloader.reload()).rejects.toMatchObject({ code: 'reloader.frozen' })
    await process.reloader.unfreeze()
    await process.advance(SOAK_MS)
    expect(process.served).toBe(2)
    await process.close()
    const last = await deployment.up({}, 1_000)
    expect(last.reloader.status()).not.toHaveProperty('frozen')
  }
})

test('After a frozen restart no change is shown as waiting if the source holds what serves', async () => {
  const { deployment, process: first } = await soakedDeployment([1])
  await first.reloader.freeze('')
  await first.close()
  const process = await deployment.up({}, 1_000)
  expect(process.reloader.status().frozen).toEqual({ reason: '', since: expect.any(Number) })
  expect(process.reloader.status().inSync).toBe(true)
})

test('A reload() that was requested before a frozen start has served is rejected, not applied', async () => {
  const { deployment, process: first } = await soakedDeployment([1])
  await first.reloader.freeze('')
  await first.close()
  deployment.source.put(documentOf(2))
  const process = deployment.boot()
  const started = process.reloader.start()
  const outcome = process.reloader.reload().then(
    (record) => record.outcome,
    ({ code }: { code: string }) => code,
  )
  await process.advance(SOAK_MS + 1_000)
  await started
  expect(process.served).toBe(1)
  expect(await outcome).toBe('reloader.frozen')
})

test('A freeze of an earlier run is lifted, with a log entry, if there is no good document to serve', async () => {
  const deployment = createDeployment()
  const first = await deployment.up({}, 100)
  await first.reloader.freeze('too early')
  await first.close()
  expect(deployment.store.journal?.frozen).toMatchObject({ reason: 'too early' })
  const process = await deployment.up({}, SOAK_MS)
  expect(process.codes('warn')).toContain('reloader.freeze-lifted')
  expect(process).toMatchObject({ served: 1, state: 'committed' })
  expect(process.reloader.status()).not.toHaveProperty('frozen')
  expect(deployment.store.journal?.frozen).toBeUndefined()
})

test('The end of a quarantine does not apply a frozen change, and neither does a module that settles', async () => {
  const { deployment, process } = await soakedDeployment([1], {
    quarantine: { minMs: 1_000, maxMs: 1_000 },
    deadlines: { prepareMs: 1_000, graceMs: 0 },
  })
  process.modules.b.script('prepare', 'deaf')
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  expect(process.last).toMatchObject({ outcome: 'rolled-back' })
  await process.reloader.freeze('')
  await process.advance(60_000)
  process.modules.b.release()
  await process.advance(60_000)
  expect(process.served).toBe(1)
  expect(process.records).toHaveLength(2)
})

test('A document that waits for a stuck module is frozen too, and is delivered after the unfreeze', async () => {
  const { deployment, process } = await soakedDeployment([1], { deadlines: { prepareMs: 100, graceMs: 0 } })
  process.modules.b.always('prepare', 'deaf')
  const isStuck = (): boolean => JSON.stringify(process.last).includes('module.stuck')
  let newest = 1
  for (; !isStuck() && newest < 30; await process.advance(400)) deployment.source.put(documentOf(++newest))
  expect(isStuck()).toBe(true)
  await process.reloader.freeze('')
  const { length } = process.records
  process.modules.b.heal()
  await process.advance(60_000)
  expect(process.records).toHaveLength(length)
  expect(process.served).toBe(1)
  await process.reloader.unfreeze()
  await process.advance(SOAK_MS + 1_000)
  expect(process.served).toBe(newest)
})

test('A degraded module is repaired while frozen, with what serves and not with the frozen change', async () => {
  const { deployment, process } = await soakedDeployment([1], { repair: { minMs: 1_000, maxMs: 1_000 } })
  process.modules.b.script('commit', 'throw')
  process.modules.a.script('rollback', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(process.state).toBe('degraded')
  await process.reloader.freeze('')
  await process.advance(SOAK_MS + 5_000)
  expect(process).toMatchObject({ served: 1, state: 'committed' })
  expect(process.last).toMatchObject({ trigger: 'repair', outcome: 'committed' })
})

test('A wipe of the source while frozen loses no document', async () => {
  const { deployment, process } = await soakedDeployment([1, 2, 3])
  await process.reloader.freeze('')
  deployment.source.wipe()
  deployment.source.put(documentOf(9))
  await process.advance(60_000)
  expect(process.served).toBe(3)
  await process.reloader.unfreeze()
  await process.advance(SOAK_MS + 100)
  expect(process.served).toBe(9)
})
