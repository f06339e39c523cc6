import { getEventListeners } from 'node:events'
import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { observationOf } from '../../src/api/internal/observation.ts'

const Config = z.strictObject({ n: z.number() })

const startService = async (random: () => number = () => 0.5) => {
  const clock = createVirtualClock()
  const source = memorySource({ n: 1 })
  const reloader = createReloader({ source, schema: Config, clock, random })
  await Promise.all([reloader.start(), clock.advance(0)])
  const put = async (n: number): Promise<void> => {
    source.put({ n })
    await clock.advance(1_000)
  }
  return { reloader, put }
}

test('A loop over the transactions that is left has ended, and gets no record after that', async () => {
  const { reloader, put } = await startService()
  const records = reloader.transactions()[Symbol.asyncIterator]()
  await put(2)
  expect(await records.next()).toMatchObject({ done: false, value: { outcome: 'committed' } })
  await put(3)
  expect(await records.return?.()).toEqual({ done: true, value: undefined })
  await put(4)
  expect(await records.next()).toEqual({ done: true, value: undefined })
  await reloader.close()
})

test('An observer hears no event after it has left, and the others still do', async () => {
  const { reloader, put } = await startService()
  const counts = [0, 0, 0, 0]
  const count = (index: number) => () => {
    counts[index] = (counts[index] ?? 0) + 1
  }
  const observation = observationOf(reloader)
  const leave = [observation.observe(count(0)), observation.observeMachines(count(1))]
  observation.observe(count(2))
  observation.observeMachines(count(3))
  await put(2)
  expect(Math.min(...counts)).toBeGreaterThan(0)
  for (const end of leave) end()
  const before = [...counts]
  await put(3)
  expect(counts.slice(0, 2)).toEqual(before.slice(0, 2))
  expect(counts[2]).toBeGreaterThan(before[2] ?? 0)
  expect(counts[3]).toBeGreaterThan(before[3] ?? 0)
  await reloader.close()
})

test('A subscription hears the part before and after, ends with its signal, and none begins after close', async () => {
  const { reloader, put } = await startService()
  const heard: unknown[] = []
  const [own, late] = [new AbortController(), new AbortController()]
  const select = ({ n }: { readonly n: number }) => n
  reloader.subscribe(select, (next, previous) => heard.push([next, previous]), { signal: own.signal })
  await put(2)
  own.abort()
  await put(3)
  expect(heard).toEqual([[2, 1]])
  await reloader.close()
  reloader.subscribe(select, () => heard.push('after close'), { signal: late.signal })
  expect(getEventListeners(late.signal, 'abort')).toHaveLength(0)
})

test.each([
  [0, '00000000'],
  [0.5, 'i0000000'],
  [0.999_999_999_999, 'zzzzzzzx'],
])('The ids of transactions begin with eight characters of chance: %d', async (chance, token) => {
  const { reloader, put } = await startService(() => chance)
  const ids: (string | undefined)[] = []
  for (const n of [2, 3]) {
    await put(n)
    ids.push(reloader.status().last?.id)
  }
  expect(ids).toEqual([`${token}-2`, `${token}-3`])
  await reloader.close()
})
