import { isChangeoverError } from 'changeover'
import { expect, test } from 'vitest'
import { configOf, createHarness, startHarness, type Harness } from './harness.ts'

const all = (value: number) => configOf({ a: value, b: value, c: value, d: value, x: value })

/** Reads config, instances and side effects of all five modules within one turn. */
const seenBy = ({ reloader, served, effects }: Harness): number[] => [
  ...Object.values(reloader.config as Record<string, { value: number }>).map(({ value }) => value),
  ...Object.values(served),
  ...Object.values(effects).flatMap((value) => value ?? []),
]

/** Reads as soon as the running turn has ended, once for each call of the hook. */
const readAfter = (harness: Harness, hook: 'commit' | 'rollback', seen: number[][]): void => {
  const read = (): undefined => {
    queueMicrotask(() => seen.push(seenBy(harness)))
    process.nextTick(() => seen.push(seenBy(harness)))
  }
  for (const name of ['a', 'b', 'c', 'd', 'x'] as const) harness.modules[name].always(hook, read)
}

const whole = (value: number): number[] => new Array(15).fill(value)

test('G1 code that runs right after any commit of the transaction sees the whole new snapshot', async () => {
  const harness = await startHarness({ config: all(1) })
  const seen: number[][] = []
  readAfter(harness, 'commit', seen)
  await harness.put(all(2))
  expect(seen).toEqual(new Array(10).fill(whole(2)))
})

test('G1 code that runs right after a transaction whose last commit threw sees the whole old snapshot', async () => {
  const harness = await startHarness({ config: all(1) })
  const seen: number[][] = []
  readAfter(harness, 'commit', seen)
  readAfter(harness, 'rollback', seen)
  harness.modules.x.script('commit', 'throw')
  expect((await harness.put(all(2))).outcome).toBe('rolled-back')
  expect(seen).toEqual(new Array(18).fill(whole(1)))
})

test('G1 code that runs right after the rollback of a failed soak sees the whole old snapshot', async () => {
  const harness = await startHarness({ config: all(1), options: { soak: 1_000 } })
  const seen: number[][] = []
  readAfter(harness, 'rollback', seen)
  harness.modules.c.script('check', undefined, 'reject')
  expect((await harness.put(all(2), 1_000)).outcome).toBe('rolled-back')
  expect(seen).toEqual(new Array(10).fill(whole(1)))
})

test('G1 code that runs right after the rollback of a failed apply sees the whole old snapshot', async () => {
  const harness = await startHarness({ config: all(1) })
  const seen: number[][] = []
  readAfter(harness, 'rollback', seen)
  harness.modules.k.script('apply', 'reject')
  expect((await harness.put({ ...all(2), k: { value: 2 } })).outcome).toBe('rolled-back')
  expect(seen).toEqual(new Array(10).fill(whole(1)))
})

test('G1 a subscriber is called after the commit and after the rollback, and sees one whole snapshot each time', async () => {
  const harness = await startHarness({ config: all(1), options: { soak: 1_000 } })
  const received: unknown[] = []
  harness.reloader.subscribe(
    (config) => config.c?.value,
    (next, previous, { direction }) => received.push({ next, previous, direction, seen: seenBy(harness) }),
  )
  harness.modules.x.script('check', 'reject')
  await harness.put(all(2), 1_000)
  await harness.put(all(3), 1_000)
  expect(received).toEqual([
    { next: 2, previous: 1, direction: 'forward', seen: whole(2) },
    { next: 1, previous: 2, direction: 'back', seen: whole(1) },
    { next: 3, previous: 1, direction: 'forward', seen: whole(3) },
  ])
})

test('G1 a subscriber is not called for a commit that failed', async () => {
  const harness = await startHarness({ config: all(1) })
  const received: unknown[] = []
  harness.reloader.subscribe(
    (config) => config.a?.value,
    (next) => received.push(next),
  )
  harness.modules.d.script('commit', 'throw')
  await harness.put(all(2))
  harness.modules.d.script('prepare', 'reject')
  await harness.put(all(3))
  expect(received).toEqual([])
})

test('G1 the first snapshot appears as a whole: before it there is no config and no instance', async () => {
  const harness = await startHarness({ config: all(1) })
  const other = createHarness({ config: all(7) })
  const seen: unknown[] = []
  const errorOf = (read: () => unknown): unknown => {
    try {
      return read()
    } catch (error) {
      return isChangeoverError(error) ? error.code : error
    }
  }
  other.modules.d.script('commit', () => {
    // During the commit, before its end: commits are called, but nothing is visible yet.
    seen.push(errorOf(() => other.reloader.modules.a.current))
    seen.push(errorOf(() => other.reloader.config))
  })
  await other.reloader.start()
  expect(seen).toEqual(['reloader.not-started', 'reloader.not-started'])
  expect(seenBy(other)).toEqual(whole(7))
  expect(seenBy(harness)).toEqual(whole(1))
})

test('G1 a commit that throws in any position leaves no mix in config, instances or side effects', async () => {
  const harness = await startHarness({ config: all(1) })
  for (const [index, name] of (['a', 'b', 'c', 'd', 'x'] as const).entries()) {
    harness.modules[name].script('commit', 'throw')
    const record = await harness.put(all(2 + index))
    expect(record.outcome).toBe('rolled-back')
    expect(record).toMatchObject({ failures: [{ code: 'module.commit-failed', module: name, phase: 'commit' }] })
    expect(seenBy(harness)).toEqual(whole(1))
  }
  expect((await harness.put(all(9))).outcome).toBe('committed')
  expect(seenBy(harness)).toEqual(whole(9))
})

test('G1 a commit that returns a promise is treated like one that threw', async () => {
  const harness = await startHarness({ config: all(1) })
  harness.modules.c.script('commit', 'promise')
  const record = await harness.put(all(2))
  expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.commit-failed', module: 'c' }] })
  expect(seenBy(harness)).toEqual(whole(1))
  harness.modules.c.script('commit', 'reject') // and its rejection does not end the process
  expect((await harness.put(all(3))).outcome).toBe('rolled-back')
  expect(seenBy(harness)).toEqual(whole(1))
})
