import { expect, test } from 'vitest'
import { documentOf, provedWorld, SOAK_MS } from './world.ts'

test('A journal that is damaged or lost costs its memory alone: the goods serve, and their digests are made anew', async () => {
  for (const spoil of [(text: string) => text.replace('digestKey', 'digestkey'), () => undefined]) {
    const { world, process: first } = await provedWorld([1, 2])
    const before = first.reloader.status().lastKnownGood?.digest
    await first.close()
    const spoilt = spoil(world.kept.entries.get('journal') ?? '')
    if (spoilt === undefined) world.kept.entries.delete('journal')
    else world.kept.entries.set('journal', spoilt)
    const process = await world.up({}, 1_000)
    expect(process.served).toBe(2)
    expect(process.codes('warn').includes('persistence.damaged')).toBe(spoilt !== undefined)
    const { lastKnownGood, goodHistory: history } = process.reloader.status()
    expect(lastKnownGood?.digest).not.toBe(before)
    expect(history[0]?.digest).toBe(lastKnownGood?.digest)
    // The older one is still to be reverted to, though its digest is of the lost key.
    const reverted = process.reloader.revert()
    await process.advance(SOAK_MS)
    expect(await reverted).toMatchObject({ outcome: 'committed', revision: { name: '1' } })
    expect(process.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(['1', '2'])
    expect(process.reloader.status().goodHistory).toHaveLength(2)
    await process.close()
    const last = await world.up()
    expect(last.served).toBe(1)
    expect(last.reloader.status().lastKnownGood?.digest).toBe(process.reloader.status().lastKnownGood?.digest)
  }
})

test('Digests are the same after a restart, since their key is kept', async () => {
  const { world, process: first } = await provedWorld([1])
  const { lastKnownGood } = first.reloader.status()
  await first.close()
  const second = await world.up({}, SOAK_MS)
  expect(second.reloader.status().lastKnownGood).toEqual(lastKnownGood)
})

test('Goods that could not be read at start do not win over newer ones later', async () => {
  const { world, process: first } = await provedWorld([1, 2, 3])
  await first.close()
  world.kept.load('throws')
  world.source.put(documentOf(4))
  const second = await world.up({}, SOAK_MS)
  expect(second.codes('warn')).toContain('persistence.failed')
  expect(second.served).toBe(4)
  await second.close()
  world.kept.load('well')
  world.cutSource()
  const third = await world.up()
  expect(third.served).toBe(4)
})

test('A good good takes the place of one that was kept and is damaged', async () => {
  const { world, process: first } = await provedWorld([1, 2])
  await first.close()
  world.kept.entries.set('good', `${world.kept.entries.get('good')}x`)
  world.cutSource()
  const second = await world.up()
  expect(second.codes('warn')).toContain('persistence.damaged')
  expect(second.served).toBe(1)
  world.source.heal()
  await second.advance(60_000)
  expect(second.served).toBe(2)
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['2', '1'])
})

test('A close while the disk is read leaves nothing behind, and asks the source nothing', async () => {
  const { world, process: first } = await provedWorld([1])
  await first.close()
  world.kept.load({ slowMs: 1_000 })
  const reads = world.source.reads
  const process = world.boot()
  const started = process.reloader.start()
  started.catch(() => {})
  await process.advance(500)
  await process.close()
  await expect(started).rejects.toMatchObject({ code: 'reloader.closed' })
  expect(world.source.reads).toBe(reads)
  expect(process.calls).toEqual([])
})
