import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import { CappedClock } from '../../src/async/capped-clock.ts'
import { CloseBudget } from '../../src/async/close-budget.ts'

/** Notes at which time of the virtual clock each timer fires. */
const createTimers = () => {
  const virtual = createVirtualClock()
  const fired: string[] = []
  const note = (name: string) => () => void fired.push(`${name} at ${virtual.monotonic()}`)
  return { virtual, fired, note }
}

test('Timers fire in their own time until the clock is capped, then no later than the cap, armed before or after', async () => {
  const { virtual, fired, note } = createTimers()
  const clock = new CappedClock(virtual)
  await virtual.advance(1_000)
  clock.setTimeout(note('short'), 10)
  clock.setTimeout(note('long'), 60_000)
  clock.cap(100, 5)
  await virtual.advance(50)
  clock.setTimeout(note('later'), 60_000)
  await virtual.advance(60_000)
  expect(fired).toEqual(['short at 1010', 'long at 1100', 'later at 1100'])
})

test('A timer that is armed after the cap has passed still has the least time', async () => {
  const { virtual, fired, note } = createTimers()
  const clock = new CappedClock(virtual)
  clock.cap(100, 5)
  await virtual.advance(500)
  clock.setTimeout(note('late'), 60_000)
  clock.setTimeout(note('short'), 2)
  await virtual.advance(60_000)
  expect(fired).toEqual(['short at 502', 'late at 505'])
})

test('A later cap does not hold timers back, and a cleared timer does not fire', async () => {
  const { virtual, fired, note } = createTimers()
  const clock = new CappedClock(virtual)
  clock.setTimeout(note('kept'), 1_000)
  const cleared = clock.setTimeout(note('cleared'), 1_000)
  clock.cap(100, 5)
  clock.cap(10_000, 5)
  clock.clearTimeout(cleared)
  clock.clearTimeout(undefined)
  await virtual.advance(60_000)
  expect([fired, virtual.pending()]).toEqual([['kept at 100'], 0])
})

test('The budget of a close says once that it is over, unless the close has ended', async () => {
  const { virtual, fired, note } = createTimers()
  const overs: number[] = []
  const budget = new CloseBudget(virtual, (deadlineMs) => overs.push(deadlineMs))
  budget.work.setTimeout(note('work'), 60_000)
  budget.modules.setTimeout(note('modules'), 60_000)
  budget.rest.setTimeout(note('rest'), 60_000)
  budget.limit(1_000)
  budget.limit(2_000)
  await virtual.advance(60_000)
  expect(fired).toEqual(['work at 500', 'modules at 800', 'rest at 950'])
  budget.limit(10)
  await virtual.advance(60_000)
  expect(overs).toEqual([1_000])
  const ended = new CloseBudget(virtual, (deadlineMs) => overs.push(deadlineMs))
  ended.limit(100)
  ended.end()
  ended.limit(10)
  await virtual.advance(60_000)
  expect([overs, virtual.pending()]).toEqual([[1_000], 0])
})
