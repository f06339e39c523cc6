import { expect, test } from 'vitest'
import { createDeployment, documentOf, resultOf, SOAK_MS } from './deployment.ts'

const holding = { restart: { paths: ['note' as const], policy: 'hold' as const } }

test('A change that waits for a restart is applied by the next start, although a last known good is kept', async () => {
  const deployment = createDeployment({ boot: holding })
  const process = await deployment.up({}, SOAK_MS)
  deployment.source.put(documentOf(2, { note: 'later' }))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 1, state: 'rejected' })
  expect(process.reloader.status()).toMatchObject({
    waiting: { reason: 'restart' },
    restartPending: { paths: ['note'] },
  })
  await process.close()

  const next = await deployment.up({}, 0)
  expect(next).toMatchObject({ served: 2, last: undefined })
  await next.advance(SOAK_MS)
  expect(next.records).toMatchObject([{ trigger: 'start', outcome: 'committed' }])
  expect(next.reloader.status()).not.toHaveProperty('restartPending')
  expect(next.reloader.status()).toMatchObject({ inSync: true })
})

test('A start that cannot read the source serves the last known good, and the change waits on', async () => {
  const deployment = createDeployment({ boot: holding })
  const process = await deployment.up({}, SOAK_MS)
  deployment.source.put(documentOf(2, { note: 'later' }))
  await process.advance(SOAK_MS)
  await process.close()

  deployment.cutSource()
  const next = await deployment.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 1 })
  expect(next.records[0]).toMatchObject({ trigger: 'restore', outcome: 'committed' })
  deployment.source.heal()
  await next.advance(SOAK_MS)
  expect(next).toMatchObject({ served: 1, state: 'rejected' })
  expect(next.reloader.status()).toMatchObject({ waiting: { reason: 'restart' } })
})

test('A start whose document cannot serve falls back on the last known good, and is no failed start', async () => {
  const deployment = createDeployment({ boot: holding })
  const process = await deployment.up({}, SOAK_MS)
  deployment.source.put({ nonsense: true })
  await process.advance(SOAK_MS)
  await process.close()

  const next = await deployment.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 1 })
  expect(next.records.map(({ trigger, outcome }) => [trigger, outcome])).toEqual([
    ['start', 'rejected'],
    ['restore', 'committed'],
  ])
})

test('Without anything kept, a bad first document fails the start as ever', async () => {
  const deployment = createDeployment({ boot: holding, document: { nonsense: true } })
  const process = deployment.boot()
  const started = process.reloader.start()
  const failed = expect(started).rejects.toMatchObject({ code: 'schema.invalid' })
  await process.advance(0)
  await failed
})

test('A freeze is kept: the source is not asked before it ends', async () => {
  const deployment = createDeployment({ boot: holding })
  const process = await deployment.up({}, SOAK_MS)
  const frozen = process.reloader.freeze('a holiday')
  await process.advance(0)
  await frozen
  deployment.source.put(documentOf(2, { note: 'later' }))
  await process.close()

  const next = await deployment.up({}, SOAK_MS)
  expect(next).toMatchObject({ served: 1 })
  expect(next.reloader.status()).toMatchObject({ frozen: { reason: 'a holiday' } })
})

test('A revert goes back over a path that needs a restart, and says that one is pending', async () => {
  const deployment = createDeployment({ boot: { restart: ['note'] } })
  const process = await deployment.up({}, SOAK_MS)
  deployment.source.put(documentOf(2, { note: 'later' }))
  await process.advance(SOAK_MS + 50)
  await process.close()

  const next = await deployment.up(holding, SOAK_MS)
  expect(next.served).toBe(2)
  const result = resultOf(next.reloader.revert())
  await next.advance(SOAK_MS)
  expect(await result).toBe('committed')
  expect(next.served).toBe(1)
  expect(next.reloader.status()).toMatchObject({ restartPending: { paths: ['note'] } })
})
