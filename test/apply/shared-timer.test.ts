import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import { CappedClock } from '../../src/async/capped-clock.ts'
import { SharedTimer } from '../../src/apply/shared-timer.ts'
import { createRandom } from '../support/random.ts'

const scene = () => {
  const clock = createVirtualClock()
  const timer = new SharedTimer(clock)
  const fired: string[] = []
  const wait = (name: string, ms: number) =>
    timer.setTimeout(() => void fired.push(`${name} at ${clock.monotonic() - begun}`), ms)
  const begun = clock.monotonic()
  return { clock, timer, fired, wait }
}

test('Waits of many lengths end when they are due, on one timer of the clock', async () => {
  const { clock, timer, fired, wait } = scene()
  wait('long', 500)
  wait('short', 100)
  const none = wait('none', 200)
  wait('middle', 300)
  expect(clock.pending()).toBe(1)
  await clock.advance(150)
  timer.clearTimeout(none)
  wait('late', 50)
  await clock.advance(1_000)
  expect(fired).toEqual(['short at 100', 'late at 200', 'middle at 300', 'long at 500'])
  expect(clock.pending()).toBe(0)
})

test('No timer is left once nothing waits', async () => {
  const { clock, timer, fired, wait } = scene()
  for (const handle of [wait('a', 100), wait('b', 50)]) timer.clearTimeout(handle)
  expect(clock.pending()).toBe(0)
  wait('c', 100)
  timer.clearTimeout(undefined)
  expect(clock.pending()).toBe(1)
  await clock.advance(100)
  expect(fired).toEqual(['c at 100'])
})

test('Waits that are due at once end in the order in which they began, each after what followed from the one before', async () => {
  const { clock, timer, fired, wait } = scene()
  timer.setTimeout(() => {
    fired.push('first')
    void Promise.resolve().then(() => timer.clearTimeout(cleared))
  }, 100)
  const cleared = wait('cleared', 100)
  wait('last', 100)
  await clock.advance(100)
  expect(fired).toEqual(['first', 'last at 100'])
})

test('Random waits end when timers of their own do', async () => {
  const random = createRandom(9)
  for (let run = 0; run < 200; run++) {
    const clock = createVirtualClock()
    const timer = new SharedTimer(clock)
    const ends: Record<'shared' | 'own', { readonly step: number; readonly at: number }[]> = { shared: [], own: [] }
    const clears: (() => void)[] = []
    for (let step = 0; step < 30; step++) {
      const ms = random.below(20) * 10 + 1
      const shared = timer.setTimeout(() => void ends.shared.push({ step, at: clock.now() }), ms)
      const own = clock.setTimeout(() => void ends.own.push({ step, at: clock.now() }), ms)
      clears.push(() => {
        timer.clearTimeout(shared)
        clock.clearTimeout(own)
      })
      if (random.chance(0.3)) random.pick(clears)()
      if (random.chance(0.3)) await clock.advance(random.below(60))
    }
    await clock.advance(3_000)
    expect(ends.shared).toEqual(ends.own)
    expect(clock.pending()).toBe(0)
  }
})

test('A clock that brings its timers forward ends all waits then', async () => {
  const clock = createVirtualClock()
  const capped = new CappedClock(clock)
  const timer = new SharedTimer(capped)
  const ended: number[] = []
  const first = timer.setTimeout(() => void ended.push(1), 10_000)
  timer.setTimeout(() => void ended.push(2), 20_000)
  timer.setTimeout(() => void ended.push(3), 30_000)
  timer.clearTimeout(first)
  capped.cap(100, 10)
  await clock.advance(100)
  expect([ended, clock.pending()]).toEqual([[2, 3], 0])
})
