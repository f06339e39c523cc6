import { expect, test } from 'vitest'
import { documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

test('A damaged or lost journal loses only its own content: the good documents serve, and get new digests', async () => {
  for (const spoil of [(text: string) => text.replace('digestKey', 'digestkey'), () => undefined]) {
    const { deployment, process: first } = await soakedDeployment([1, 2])
    const before = first.reloader.status().lastKnownGood?.digest
    await first.close()
    const spoilt = spoil(deployment.store.entries.get('journal') ?? '')
    if (spoilt === undefined) deployment.store.entries.delete('journal')
    else deployment.store.entries.set('journal', spoilt)
    const process = await deployment.up({}, 1_000)
    expect(process.served).toBe(2)
    expect(process.codes('warn').includes('persistence.damaged')).toBe(spoilt !== undefined)
    const { lastKnownGood, goodHistory: history } = process.reloader.status()
    expect(lastKnownGood?.digest).not.toBe(before)
    expect(history[0]?.digest).toBe(lastKnownGood?.digest)
    // The older document can still be reverted to, although its digest was made with the lost key.
    const reverted = process.reloader.revert()
    await process.advance(SOAK_MS)
    expect(await reverted).toMatchObject({ outcome: 'committed', revision: { name: '1' } })
    expect(process.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(['1', '2'])
    expect(process.reloader.status().goodHistory).toHaveLength(2)
    await process.close()
    const last = await deployment.up()
    expect(last.served).toBe(1)
    expect(last.reloader.status().lastKnownGood?.digest).toBe(process.reloader.status().lastKnownGood?.digest)
  }
})

test('Digests are the same after a restart, because their key is stored', async () => {
  const { deployment, process: first } = await soakedDeployment([1])
  const { lastKnownGood } = first.reloader.status()
  await first.close()
  const second = await deployment.up({}, SOAK_MS)
  expect(second.reloader.status().lastKnownGood).toEqual(lastKnownGood)
})

test('Good documents that could not be read at start do not replace newer ones later', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2, 3])
  await first.close()
  deployment.store.load('throws')
  deployment.source.put(documentOf(4))
  const second = await deployment.up({}, SOAK_MS)
  expect(second.codes('warn')).toContain('persistence.failed')
  expect(second.served).toBe(4)
  await second.close()
  deployment.store.load('well')
  deployment.cutSource()
  const third = await deployment.up()
  expect(third.served).toBe(4)
})

test('A good document replaces a stored one that is damaged', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2])
  await first.close()
  deployment.store.damageNewest()
  deployment.cutSource()
  const second = await deployment.up()
  expect(second.codes('warn')).toContain('persistence.damaged')
  expect(second.served).toBe(1)
  deployment.source.heal()
  await second.advance(60_000)
  expect(second.served).toBe(2)
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['2', '1'])
})

test('A close while the disk is read leaves nothing behind, and does not read the source', async () => {
  const { deployment, process: first } = await soakedDeployment([1])
  await first.close()
  deployment.store.load({ slowMs: 1_000 })
  const reads = deployment.source.reads
  const process = deployment.boot()
  const started = process.reloader.start()
  started.catch(() => {})
  await process.advance(500)
  await process.close()
  await expect(started).rejects.toMatchObject({ code: 'reloader.closed' })
  expect(deployment.source.reads).toBe(reads)
  expect(process.calls).toEqual([])
})
