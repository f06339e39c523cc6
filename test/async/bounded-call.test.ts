import { describe, expect, it } from 'vitest'
import { boundedCall } from '../../src/async/bounded-call.ts'
import { createVirtualClock } from '../../src/testing/index.ts'

const untilAborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('aborted')
    signal.addEventListener('abort', () => resolve('aborted'))
  })

describe('A bounded call', () => {
  it('returns what its work returns, and keeps no timer', async () => {
    const clock = createVirtualClock()
    await expect(boundedCall(async () => 'done', { clock, limitMs: 1_000 })).resolves.toBe('done')
    expect(clock.pending()).toBe(0)
  })

  it('aborts its work after the time', async () => {
    const clock = createVirtualClock()
    const call = boundedCall(untilAborted, { clock, limitMs: 1_000 })
    await clock.advance(999)
    const first = await Promise.race([call, 'pending'])
    await clock.advance(1)
    expect([first, await call]).toEqual(['pending', 'aborted'])
  })

  it.each(['before', 'during'] as const)('aborts its work with a parent that aborts %s the call', async (when) => {
    const clock = createVirtualClock()
    const parent = new AbortController()
    if (when === 'before') parent.abort()
    const call = boundedCall(untilAborted, { clock, limitMs: 1_000, parent: parent.signal })
    parent.abort()
    await expect(call).resolves.toBe('aborted')
    expect(clock.pending()).toBe(0)
  })

  it('rejects as its work does, and keeps no timer', async () => {
    const clock = createVirtualClock()
    const work = (): Promise<void> => Promise.reject(new Error('no'))
    await expect(boundedCall(work, { clock, limitMs: 1_000 })).rejects.toThrow('no')
    expect(clock.pending()).toBe(0)
  })
})
