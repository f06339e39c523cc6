import { setup, createActor, fromPromise } from 'xstate'
import { describe, expect, it } from 'vitest'
import { MAX_DELAY_MS } from '../../../src/api/clock.ts'
import { createVirtualClock } from '../../../src/testing/index.ts'

describe('The virtual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = createVirtualClock({ startAt: 1_000 })
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
    await clock.advance(250)
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250])
  })

  it('fires timers at their own time, in the order of their times and then of their creation', async () => {
    const clock = createVirtualClock()
    const fired: [string, number][] = []
    const arm = (name: string, ms: number): unknown => clock.setTimeout(() => fired.push([name, clock.monotonic()]), ms)
    arm('late', 30)
    arm('early', 10)
    arm('middle, first', 20)
    arm('middle, second', 20)
    await clock.advance(29)
    expect(fired).toEqual([
      ['early', 10],
      ['middle, first', 20],
      ['middle, second', 20],
    ])
    await clock.advance(1)
    expect(fired.at(-1)).toEqual(['late', 30])
    expect(clock.pending()).toBe(0)
  })

  it('fires timers that a callback arms within the span, and leaves later ones armed', async () => {
    const clock = createVirtualClock()
    const times: number[] = []
    const tick = (): void => {
      times.push(clock.monotonic())
      clock.setTimeout(tick, 10)
    }
    clock.setTimeout(tick, 10)
    await clock.advance(55)
    expect(times).toEqual([10, 20, 30, 40, 50])
    expect(clock.pending()).toBe(1)
  })

  it('runs promise chains of any length to their end before time goes on', async () => {
    const clock = createVirtualClock()
    const seen: number[] = []
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms))
    const work = async (): Promise<void> => {
      for (let step = 0; step < 10; step++) {
        for (let hop = 0; hop < 1_000; hop++) await null
        await new Promise<void>((resolve) => process.nextTick(resolve))
        seen.push(clock.monotonic())
        await sleep(7)
      }
    }
    const done = work()
    await clock.advance(70)
    await done
    expect(seen).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56, 63])
  })

  it('fires no cleared timer, even if another one cleared it at the same time', async () => {
    const clock = createVirtualClock()
    const fired: string[] = []
    clock.setTimeout(() => clock.clearTimeout(second), 10)
    const second = clock.setTimeout(() => fired.push('second'), 10)
    clock.clearTimeout(clock.setTimeout(() => fired.push('cleared'), 5))
    clock.clearTimeout(undefined)
    clock.clearTimeout(12_345)
    await clock.advance(100)
    expect(fired).toEqual([])
  })

  it('turns an invalid delay into 1 ms, as Node does', async () => {
    const clock = createVirtualClock()
    const fired: number[] = []
    for (const ms of [0, -5, Number.NaN, MAX_DELAY_MS + 1]) clock.setTimeout(() => fired.push(ms), ms)
    await clock.advance(0)
    expect(fired).toEqual([])
    await clock.advance(1)
    expect(fired).toHaveLength(4)
  })

  it('rejects with the errors of callbacks at the end of the span, when the other timers have fired', async () => {
    const clock = createVirtualClock()
    const fired: number[] = []
    const boom = (message: string) => (): void => {
      throw new Error(message)
    }
    clock.setTimeout(boom('one'), 1)
    clock.setTimeout(() => fired.push(2), 2)
    await expect(clock.advance(10)).rejects.toThrow('one')
    expect([fired, clock.monotonic()]).toEqual([[2], 10])
    clock.setTimeout(boom('two'), 1)
    clock.setTimeout(boom('three'), 2)
    await expect(clock.advance(10)).rejects.toThrow('2 timers threw')
  })

  it('runs overlapping advances one after the other', async () => {
    const clock = createVirtualClock()
    const fired: number[] = []
    for (const ms of [5, 15, 25]) clock.setTimeout(() => fired.push(ms), ms)
    await Promise.all([clock.advance(10), clock.advance(10), clock.advance(10)])
    expect([fired, clock.monotonic()]).toEqual([[5, 15, 25], 30])
  })

  it('refuses invalid spans and start times', async () => {
    const clock = createVirtualClock()
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(clock.advance(ms)).rejects.toThrow(RangeError)
    expect(() => createVirtualClock({ startAt: Number.NaN })).toThrow(RangeError)
    expect(clock.monotonic()).toBe(0)
  })

  it('drives an XState actor through delays and promises in one advance', async () => {
    const clock = createVirtualClock()
    const machine = setup({ actors: { load: fromPromise<number>(async () => 1) } }).createMachine({
      initial: 'waiting',
      states: {
        waiting: { after: { 100: 'loading' } },
        loading: { invoke: { src: 'load', onDone: 'resting' } },
        resting: { after: { 100: 'done' } },
        done: { type: 'final' },
      },
    })
    const actor = createActor(machine, { clock }).start()
    await clock.advance(199)
    expect(actor.getSnapshot().value).toBe('resting')
    await clock.advance(1)
    expect(actor.getSnapshot().value).toBe('done')
    actor.stop()
  })
})
