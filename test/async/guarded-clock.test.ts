import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import { guardClock } from '../../src/async/guarded-clock.ts'
import { guardCallback } from '../../src/async/guarded-callback.ts'

test('What a timer of a guarded clock throws or rejects with is reported, and the clock goes on', async () => {
  const virtual = createVirtualClock()
  const reports: unknown[] = []
  const clock = guardClock(virtual, (error) => reports.push((error as Error).message))
  clock.setTimeout(() => {
    throw new Error('thrown')
  }, 10)
  clock.setTimeout((() => Promise.reject(new Error('rejected'))) as () => void, 20)
  let ticks = 0
  clock.setTimeout(() => {
    ticks += 1
  }, 30)
  clock.clearTimeout(clock.setTimeout(() => reports.push('cleared'), 30))
  await virtual.advance(40)
  expect([reports, ticks]).toEqual([['thrown', 'rejected'], 1])
  expect([clock.now(), clock.monotonic()]).toEqual([virtual.now(), 40])
})

test('A guarded callback gets the arguments and the object that it is called with', () => {
  const seen: unknown[] = []
  const guarded = guardCallback(
    function (this: unknown, ...given: number[]) {
      seen.push(this, ...given)
    },
    () => {},
  )
  const self = {}
  Reflect.apply(guarded, self, [1, 2])
  expect(seen).toEqual([self, 1, 2])
})
