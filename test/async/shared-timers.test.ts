import { createVirtualClock } from 'changeover/testing'
import { describe, expect, test } from 'vitest'
import { SharedTimers } from '../../src/async/shared-timers.ts'

const start = () => {
  const clock = createVirtualClock()
  const timers = new SharedTimers(clock)
  const fired: string[] = []
  const arm = (name: string, ms: number) => timers.setTimeout(() => fired.push(`${name} at ${clock.monotonic()}`), ms)
  return { clock, timers, fired, arm }
}

describe('Shared timers', () => {
  test('fire each callback once, at its own time', async () => {
    const { clock, fired, arm } = start()
    arm('a', 100)
    await clock.advance(30)
    arm('b', 100)
    arm('c', 50)
    await clock.advance(1_000)
    expect(fired).toEqual(['c at 80', 'a at 100', 'b at 130'])
    expect(clock.pending()).toBe(0)
  })

  test('need one timer for all of one delay', () => {
    const { clock, arm } = start()
    for (let index = 0; index < 1_000; index++) arm('one', 100)
    arm('other', 50)
    expect(clock.pending()).toBe(2)
  })

  test('do not fire what was cleared, whichever of them it is, and clear it as often as one likes', async () => {
    const { clock, timers, fired, arm } = start()
    const [a, b, c, d] = [arm('a', 100), arm('b', 100), arm('c', 100), arm('d', 100)]
    for (const handle of [b, a, a, undefined]) timers.clearTimeout(handle)
    await clock.advance(100)
    for (const handle of [c, d]) timers.clearTimeout(handle)
    expect(fired).toEqual(['c at 100', 'd at 100'])
  })

  test('leave no timer when the last was cleared', () => {
    const { clock, timers, arm } = start()
    const [a, b] = [arm('a', 100), arm('b', 100)]
    timers.clearTimeout(b)
    expect(clock.pending()).toBe(1)
    timers.clearTimeout(a)
    expect(clock.pending()).toBe(0)
  })

  test('leave none when they are released, and then fire what is left', async () => {
    const { clock, timers, fired, arm } = start()
    timers.hold()
    timers.clearTimeout(arm('a', 100))
    expect(clock.pending()).toBe(1)
    arm('b', 70)
    timers.release()
    expect(clock.pending()).toBe(1)
    await clock.advance(70)
    expect(fired).toEqual(['b at 70'])
    expect(clock.pending()).toBe(0)
  })

  test('serve a callback that clears others and arms new ones', async () => {
    const { clock, timers, fired, arm } = start()
    timers.setTimeout(() => {
      timers.clearTimeout(doomed)
      arm('new', 100)
    }, 100)
    const doomed = arm('doomed', 100)
    await clock.advance(250)
    expect(fired).toEqual(['new at 200'])
    expect(clock.pending()).toBe(0)
  })
})
