import { health } from 'changeover/health'
import { expect, test } from 'vitest'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

test('freeze() stops every change, keeps reading, and shows its reason, its time, and what waits', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await process.reloader.freeze('Black Friday')
  const since = process.clock.now()
  expect(process.reloader.status().frozen).toEqual({ reason: 'Black Friday', since })
  process.clearCalls()
  deployment.source.put(documentOf(2))
  deployment.source.put(documentOf(3))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 1, calls: [] })
  expect(process.reloader.status()).toMatchObject({
    frozen: { reason: 'Black Friday', since, waiting: { name: '3' } },
    inSync: false,
    source: { state: 'watching', revision: { name: '3' } },
  })
  await process.reloader.unfreeze()
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
  expect(process.reloader.status()).not.toHaveProperty('frozen')
  expect(process.records.map(({ revision }) => revision?.name)).toEqual(['1', '3'])
})

test('While frozen, reload() and retry() are rejected with reloader.frozen', async () => {
  const { deployment, process } = await soakedDeployment([1])
  process.modules.b.script('commit', 'throw')
  deployment.source.put(documentOf(2))
  await process.advance(0)
  await process.reloader.freeze('')
  await expect(process.reloader.reload()).rejects.toMatchObject({ code: 'reloader.frozen' })
  await expect(process.reloader.retry()).rejects.toMatchObject({ code: 'reloader.frozen' })
})

test('A reload() that has not begun when changes are frozen is rejected too', async () => {
  const { deployment, process } = await soakedDeployment([1])
  deployment.source.put(documentOf(2))
  await process.advance(100) // it is in its soak
  const reloaded = process.reloader.reload()
  const code = reloaded.then(
    () => 'a record',
    (error: { code: string }) => error.code,
  )
  await process.reloader.freeze('')
  await process.advance(SOAK_MS)
  expect(await code).toBe('reloader.frozen')
  expect(process.served).toBe(2)
})

test.each(['fetching', 'validating', 'journaling', 'preparing'] as const)(
  'Before the commit a transaction is aborted, and its document waits: %s',
  async (state) => {
    let letGo: () => void = () => {}
    const validated = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value: unknown) => {
          if ((value as { value: number }).value === 2) await validated
          return { value: value as never }
        },
      },
    } as const
    const { deployment, process } = await soakedDeployment([1], { ...(state === 'validating' ? { schema } : {}) })
    if (state === 'preparing') process.modules.b.script('prepare', 'heed')
    if (state === 'journaling') deployment.store.save({ slowMs: 500 }, 'journal')
    if (state === 'fetching') deployment.source.hangReads()
    if (state === 'fetching') deployment.source.silence()
    deployment.source.put(documentOf(2))
    const reloaded = state === 'fetching' ? process.reloader.reload() : undefined
    await process.advance(100)
    expect(process.state).toBe(state)
    const frozen = process.reloader.freeze('')
    await process.advance(2_000)
    await frozen
    expect(process.last).toMatchObject({ outcome: 'aborted' })
    expect(await reloaded).toEqual(state === 'fetching' ? process.last : undefined)
    expect(process).toMatchObject({ served: 1, state: 'committed' })
    if (state !== 'fetching') expect(process.reloader.status().frozen).toMatchObject({ waiting: { name: '2' } })
    letGo()
    deployment.source.heal()
    await process.advance(120_000)
    expect(process.served).toBe(1)
    void process.reloader.unfreeze()
    await process.advance(SOAK_MS + 2_000)
    expect(process).toMatchObject({ served: 2, state: 'committed' })
    // What was aborted has been closed, and does not count as a crash.
    expect(deployment.store.journal?.attempts).toEqual([])
  },
)

test('After the commit a transaction finishes: a good one is promoted, a failed one is rolled back and waits', async () => {
  const { deployment, process } = await soakedDeployment([1])
  deployment.source.put(documentOf(2))
  await process.advance(100)
  await process.reloader.freeze('')
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
  expect(deployment.store.goodHistory[0]?.revision.name).toBe('2')

  await process.reloader.unfreeze()
  deployment.source.put(documentOf(3))
  await process.advance(100)
  await process.reloader.freeze('again')
  process.modules.b.script('check', 'reject')
  await process.advance(SOAK_MS)
  expect(process.last).toMatchObject({ outcome: 'rolled-back' })
  await process.advance(3_600_000)
  expect(process.served).toBe(2)
  expect(process.reloader.status().frozen).toMatchObject({ waiting: { name: '3' } })
  await process.reloader.release()
  await process.advance(SOAK_MS)
  expect(process.served).toBe(2) // still frozen
  await process.reloader.unfreeze()
  await process.advance(SOAK_MS)
  expect(process.served).toBe(3)
})

test('A second freeze() changes the reason and keeps the time; an unfreeze() without a freeze does nothing', async () => {
  const { process } = await soakedDeployment([1])
  await process.reloader.unfreeze()
  await process.reloader.freeze('one')
  const { frozen } = process.reloader.status()
  await process.advance(1_000)
  await process.reloader.freeze('two')
  expect(process.reloader.status().frozen).toEqual({ ...frozen, reason: 'two' })
  await expect(process.reloader.freeze(1 as never)).rejects.toMatchObject({ code: 'reloader.invalid-option' })
})

test('A freeze names who asked for it: in status(), in the log, in the probes, and after a restart', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await process.reloader.freeze('Black Friday', { by: 'Ada' })
  const frozen = { reason: 'Black Friday', by: 'Ada', since: process.clock.now() }
  const fields = JSON.stringify({ changeover: { frozen }, reason: 'Black Friday', by: 'Ada' })
  const line = { level: 'info', code: undefined, text: `Changes are frozen by Ada: Black Friday ${fields}` }
  expect(process.reloader.status().frozen).toEqual(frozen)
  expect(process.lines).toContainEqual(line)
  expect(health(process.reloader).details().frozen).toEqual(frozen)
  process.kill()

  deployment.source.put(documentOf(2))
  const next = deployment.boot()
  await next.start()
  await next.advance(SOAK_MS)
  expect(next.reloader.status().frozen).toMatchObject(frozen)
  expect(health(next.reloader).details()).toMatchObject({ frozen, waiting: { reason: 'freeze', revision: '2' } })
  expect(next.lines).toContainEqual(line)
  await next.reloader.unfreeze()
  expect(next.lines).toContainEqual(
    expect.objectContaining({ text: expect.stringMatching(/^Changes are no longer frozen/) }),
  )
  expect(health(next.reloader).details()).not.toHaveProperty('frozen')
})

test('A revert names who asked for it, and both are forgotten by the next freeze', async () => {
  const { process } = await soakedDeployment([1, 2])
  void process.reloader.revert({ by: 'Ada' })
  await process.advance(SOAK_MS)
  expect(process.reloader.status().frozen).toMatchObject({ reason: 'reverted to 1', by: 'Ada' })
  await process.reloader.freeze('stay')
  expect(process.reloader.status().frozen).not.toHaveProperty('by')
})

test('The name of who freezes is a string, of which 500 characters are kept; an empty one names nobody', async () => {
  const { process } = await soakedDeployment([1, 2])
  const { reloader } = process
  const invalid = { code: 'reloader.invalid-option' }
  await expect(reloader.freeze('x', { by: 1 as never })).rejects.toMatchObject(invalid)
  await expect(reloader.revert({ by: ['Ada'] as never })).rejects.toMatchObject(invalid)
  expect(reloader.status()).not.toHaveProperty('frozen')
  await reloader.freeze('x'.repeat(600), { by: 'y'.repeat(600) })
  expect(reloader.status().frozen).toMatchObject({ reason: 'x'.repeat(500), by: 'y'.repeat(500) })
  await reloader.freeze('x', { by: '' })
  expect(reloader.status().frozen).not.toHaveProperty('by')
})

test('Changes can also be frozen without a store, until the process ends', async () => {
  const deployment = createDeployment({ boot: { persists: false } })
  const process = await deployment.up()
  await process.reloader.freeze('')
  deployment.source.put(documentOf(2))
  await process.advance(100)
  expect(process.served).toBe(1)
  await process.close()
  expect((await deployment.up()).served).toBe(2)
})
