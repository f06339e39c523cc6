import { expect, test } from 'vitest'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS, type Deployment } from './deployment.ts'

/** Starts a process, which serves the last known good, and kills it in the soak of what the source holds. */
const dieInSoak = async (deployment: Deployment, options: Parameters<Deployment['up']>[0] = {}): Promise<void> => {
  const process = await deployment.up(options, 1_000)
  expect(process.state).toBe('soaking')
  process.kill()
}

test('A document that crashes maxAttempts times in a row is quarantined across restarts, with an error, and the last known good serves', async () => {
  const { deployment, process } = await soakedDeployment([1])
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  await dieInSoak(deployment)
  await dieInSoak(deployment)
  for (const _ of [1, 2]) {
    const next = await deployment.up({}, 60_000)
    expect(next).toMatchObject({ served: 1, state: 'rejected' })
    expect(next.last).toMatchObject({ outcome: 'rejected', failures: [{ code: 'quarantined', revision: '2' }] })
    const [entry, ...others] = next.reloader.status().quarantine
    expect(others).toEqual([])
    expect(entry).toEqual({
      digest: next.last?.digest,
      revision: '2',
      code: 'attempt.died',
      count: 3,
      since: entry?.since,
      reason: 'The process died while it was trying this document',
      nextTryAt: (entry?.since ?? 0) + 3_600_000,
    })
    next.kill() // this crash no longer counts against the document
  }
})

test('The third crash is logged as an error and counted as reported', async () => {
  const { deployment, process } = await soakedDeployment([1])
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  const second = await deployment.up({ maxAttempts: 1 }, 1_000)
  expect(second.codes('error')).toEqual(['attempt.died'])
  expect(second.reloader.status().counters.reported).toBeGreaterThan(0)
  expect(second).toMatchObject({ served: 1, state: 'rejected' })
})

const killedOften = async () => {
  const { deployment, process } = await soakedDeployment([1], { maxAttempts: 2, build: 'one' })
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  await dieInSoak(deployment)
  return deployment
}

test('Another build tries a document again that crashed this one, and this build still does not', async () => {
  const deployment = await killedOften()
  const two = await deployment.up({ build: 'two' }, 1_000)
  expect(two).toMatchObject({ served: 2, state: 'soaking' })
  expect(two.reloader.status().quarantine).toEqual([])
  await two.close()
  const one = await deployment.up({}, 1_000)
  expect(one).toMatchObject({ served: 1, state: 'rejected' })
})

test('Deaths are counted for each build on its own', async () => {
  const { deployment, process } = await soakedDeployment([1], { build: 'one' })
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  await dieInSoak(deployment, { build: 'one' })
  await dieInSoak(deployment, { build: 'two' })
  const deaths = (): [string, number][] =>
    (deployment.store.journal?.attempts ?? []).map((attempt) => [attempt.build, attempt.deaths])
  const two = await deployment.up({ build: 'two' }, 1_000)
  expect(two.state).toBe('soaking') // its second try, of three
  expect(two.reloader.status().quarantine).toEqual([])
  expect(deaths().sort()).toEqual([
    ['one', 2],
    ['two', 1],
  ])
  two.kill()
  await dieInSoak(deployment, { build: 'two' })
  const held = await deployment.up({ build: 'two' }, 1_000)
  expect(held.reloader.status().quarantine).toMatchObject([{ code: 'attempt.died', count: 3 }])
})

test('A build that was rolled back does not crash from what another build accepted: it serves an older good document', async () => {
  const deployment = await killedOften()
  const two = await deployment.up({ build: 'two' }, SOAK_MS)
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['2', '1'])
  await two.close()
  const one = await deployment.up({}, 1_000)
  expect(one).toMatchObject({ served: 1, state: 'rejected' })
  expect(one.calls.filter((call) => call.startsWith('prepare'))).toEqual(['prepare a1', 'prepare b1'])
})

test('A changed document ends the quarantine', async () => {
  const deployment = await killedOften()
  const process = await deployment.up()
  deployment.source.put(documentOf(3))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
})

test('The document is tried again when its quarantine expires, and one more crash quarantines it at once', async () => {
  const deployment = await killedOften()
  const options = { quarantine: { crashMs: 600_000 } }
  const process = await deployment.up(options)
  expect(process.served).toBe(1)
  const [entry] = process.reloader.status().quarantine
  await process.advance((entry?.nextTryAt ?? 0) - process.clock.now() - 1)
  expect(process.served).toBe(1)
  await process.advance(1)
  expect(process).toMatchObject({ served: 2, state: 'soaking' })
  expect(process.records.filter(({ trigger }) => trigger === 'retry' || trigger === 'quarantine-expired')).toEqual([])
  process.kill()
  const next = await deployment.up(options, 1_000)
  expect(next).toMatchObject({ served: 1, state: 'rejected' })
  expect(next.reloader.status().quarantine).toMatchObject([{ code: 'attempt.died', count: 3 }])
})

test('release() ends the quarantine of a document that crashed', async () => {
  const deployment = await killedOften()
  const process = await deployment.up()
  await process.reloader.release()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
  expect(process.last).toMatchObject({ trigger: 'retry', outcome: 'committed' })
  await process.close()
  expect((await deployment.up()).reloader.status().quarantine).toEqual([])
})

test('release() also forgets the crashes, so it takes maxAttempts of them again', async () => {
  const deployment = await killedOften()
  const process = await deployment.up()
  await process.reloader.release()
  await process.advance(100)
  expect(process).toMatchObject({ served: 2, state: 'soaking' })
  process.kill()
  await dieInSoak(deployment)
  expect(await deployment.up({}, 1_000)).toMatchObject({ served: 1, state: 'rejected' })
})

test('Without a good document to return to, the guard only warns, and the document is tried', async () => {
  const deployment = createDeployment({ boot: { maxAttempts: 2 } })
  await dieInSoak(deployment)
  await dieInSoak(deployment)
  await dieInSoak(deployment)
  const process = await deployment.up({}, SOAK_MS)
  expect(process.codes('error')).toEqual(['attempt.died'])
  expect(process.codes('warn')).toContain('quarantined')
  expect(process).toMatchObject({ served: 1, state: 'committed' })
  await process.close()
  const next = await deployment.up()
  expect(next.reloader.status().quarantine).toEqual([]) // it has passed its soak
})

test('The guard also only warns if no stored document can serve any more', async () => {
  const { deployment, process } = await soakedDeployment([1], { maxAttempts: 1 })
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  deployment.store.entries.delete('good')
  const next = await deployment.up({}, SOAK_MS)
  expect(next.codes('warn')).toContain('quarantined')
  expect(next.served).toBe(2)
})

test('An older good document that is applied again and crashes is counted too', async () => {
  const { deployment, process } = await soakedDeployment([1, 2], { maxAttempts: 2 })
  deployment.source.put(documentOf(1))
  await process.advance(1_000)
  expect(process.state).toBe('soaking')
  process.kill()
  await dieInSoak(deployment)
  const next = await deployment.up({}, 1_000)
  expect(next).toMatchObject({ served: 2, state: 'rejected' })
})

test('The crashes of a document are forgotten once it has passed its soak', async () => {
  const { deployment, process } = await soakedDeployment([1], { maxAttempts: 2 })
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  const second = await deployment.up({}, SOAK_MS)
  expect(second).toMatchObject({ served: 2, state: 'committed' })
  deployment.source.put(documentOf(3))
  await second.advance(SOAK_MS)
  deployment.source.put(documentOf(2))
  await second.advance(1_000)
  second.kill()
  const third = await deployment.up({}, 1_000)
  expect(third).toMatchObject({ served: 2, state: 'soaking' })
})

test('The crashes of two documents are counted separately', async () => {
  const { deployment, process } = await soakedDeployment([1], { maxAttempts: 2 })
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  deployment.source.put(documentOf(3))
  await dieInSoak(deployment)
  const third = await deployment.up({}, SOAK_MS)
  expect(third).toMatchObject({ served: 3, state: 'committed' })
  deployment.source.put(documentOf(2))
  await third.advance(1_000)
  third.kill()
  const fourth = await deployment.up({}, 1_000)
  expect(fourth).toMatchObject({ served: 3, state: 'rejected' }) // its second crash in a row
  deployment.source.put(documentOf(4))
  await fourth.advance(SOAK_MS + 1_000)
  expect(fourth).toMatchObject({ served: 4, state: 'committed' })
})
