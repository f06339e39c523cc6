import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { PhaseTimings } from '../../src/transaction/phase-timings.ts'

describe('PhaseTimings', () => {
  it('times phases from the start of the transaction', async () => {
    const clock = createVirtualClock()
    const timings = new PhaseTimings(clock)
    await clock.advance(5)
    const end = timings.start('db', 'prepare')
    await clock.advance(20)
    end('done')
    expect(timings.of('db')).toEqual([{ phase: 'prepare', startMs: 5, durationMs: 20, result: 'done' }])
    expect(timings.of('cache')).toEqual([])
  })

  it('keeps the rounds of a soak as one phase, with the result of the last', async () => {
    const clock = createVirtualClock()
    const timings = new PhaseTimings(clock)
    for (const result of ['done', 'done', 'failed'] as const) {
      const end = timings.start('db', 'check')
      await clock.advance(10)
      end(result)
    }
    expect(timings.of('db')).toEqual([{ phase: 'check', startMs: 0, durationMs: 30, result: 'failed' }])
  })

  it('announces the beginning and the end of each phase', async () => {
    const clock = createVirtualClock()
    const heard: unknown[] = []
    const timings = new PhaseTimings(clock, (...phase) => heard.push(phase))
    timings.start('db', 'prepare')('cancelled')
    timings.add('db', 'commit', 1, 2, 'done')
    expect(heard).toEqual([
      ['db', 'prepare', 0],
      ['db', 'prepare', 0, { atMs: 0, result: 'cancelled' }],
      ['db', 'commit', 1],
      ['db', 'commit', 1, { atMs: 2, result: 'done' }],
    ])
  })
})
