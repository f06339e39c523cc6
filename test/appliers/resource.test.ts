import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { Applier, PrepareContext } from '../../src/api/applier.ts'
import { resource } from '../../src/appliers/index.ts'
import { createVirtualClock } from '../../src/testing/fakes/virtual-clock.ts'
import { moduleHost } from './module-host.ts'

const never = (): Promise<never> => new Promise(() => undefined)

/** A resource whose instances hold their slice, with spies as its functions. */
const setUp = (functions: {
  readonly check?: () => unknown
  readonly close?: (signal: AbortSignal) => Promise<unknown> | unknown
  readonly destroy?: () => unknown
  readonly drainMs?: number
}) => {
  const clock = createVirtualClock()
  const open = vi.fn((name: string) => ({ name }))
  const close = vi.fn((_: { name: string }, signal: AbortSignal) => functions.close?.(signal))
  const check = vi.fn((_: { name: string }, __: AbortSignal) => functions.check?.())
  const destroy = vi.fn((_: { name: string }) => functions.destroy?.())
  const applier = resource({
    open,
    close,
    ...(functions.check && { check }),
    ...(functions.destroy && { destroy }),
    ...(functions.drainMs !== undefined && { drainMs: functions.drainMs }),
  })
  return { clock, open, close, check, destroy, host: moduleHost(applier, { clock }) }
}

describe('resource', () => {
  it('opens and checks the new instance while the old one serves, and closes the old one once', async () => {
    const { host, open, check, close } = setUp({ check: () => undefined })
    await host.replace('a')
    const next = await host.prepare('b')
    expect(host.current).toEqual({ name: 'a' })
    expect(check).toHaveBeenCalledTimes(2)
    await host.close(host.commit(next))
    expect(host.current).toEqual({ name: 'b' })
    expect(close.mock.calls.map(([instance]) => instance.name)).toEqual(['a'])
    await host.end()
    expect(close.mock.calls.map(([instance]) => instance.name)).toEqual(['a', 'b'])
    expect(open).toHaveBeenCalledTimes(2)
  })

  it('rejects the config if open fails, and closes nothing', async () => {
    const { host, open, close } = setUp({})
    open.mockImplementation(() => {
      throw new Error('no route')
    })
    await expect(host.prepare('a')).rejects.toThrow('no route')
    expect(close).not.toHaveBeenCalled()
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('sick')
      },
    ],
    ['rejects', () => Promise.reject(new Error('sick'))],
  ])('rejects the config if the check %s, and closes the instance without a time to drain', async (_, check) => {
    const aborted: boolean[] = []
    const { host, close } = setUp({ check, close: (signal) => aborted.push(signal.aborted) })
    await expect(host.prepare('a')).rejects.toThrow('sick')
    expect(close).toHaveBeenCalledTimes(1)
    expect(aborted).toEqual([true])
    expect(host.reports).toEqual([])
  })

  it('does not wait for a check that ignores its signal', async () => {
    const { host, close } = setUp({ check: never })
    const deadline = new AbortController()
    const prepared = host.prepare('a', deadline.signal)
    setImmediate(() => deadline.abort(new Error('too late')))
    await expect(prepared).rejects.toThrow('too late')
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('returns an instance that opened too late unchecked, so that it is closed as a late generation', async () => {
    const { host, check, close } = setUp({ check: never })
    const late = await host.prepare('a', AbortSignal.abort())
    expect(check).not.toHaveBeenCalled()
    await host.close(late)
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('calls the same check during the soak', async () => {
    let isSick = false
    const { host } = setUp({ check: () => isSick && Promise.reject(new Error('sick')) })
    const next = await host.prepare('a')
    const { signal } = new AbortController()
    await expect(next.generation.check?.(signal)).resolves.toBeUndefined()
    isSick = true
    await expect(next.generation.check?.(signal)).rejects.toThrow('sick')
  })

  it('makes a generation without a check if the definition has none', async () => {
    const { host } = setUp({})
    expect((await host.prepare('a')).generation).not.toHaveProperty('check')
  })

  it('aborts the signal of close after drainMs, and reports that', async () => {
    const { host, clock, close } = setUp({
      drainMs: 500,
      close: (signal) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
    })
    await host.replace('a')
    const closed = vi.fn()
    const closing = host.end().then(closed)
    await clock.advance(499)
    expect(closed).not.toHaveBeenCalled()
    await clock.advance(1)
    await closing
    expect(close).toHaveBeenCalledTimes(1)
    expect(host.reports).toMatchObject([{ name: 'TimeoutError' }])
    expect(clock.pending()).toBe(0)
  })

  it('gives close 10 seconds by default', async () => {
    const { host, clock } = setUp({ close: never, destroy: () => undefined })
    await host.replace('a')
    const closed = vi.fn()
    void host.end().then(closed)
    await clock.advance(9_999)
    expect(closed).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(closed).toHaveBeenCalled()
  })

  it('destroys an instance once if it does not close in time', async () => {
    const { host, clock, destroy } = setUp({ drainMs: 500, close: never, destroy: () => undefined })
    await host.replace('a')
    const closing = host.end()
    await clock.advance(500)
    await closing
    expect(destroy).toHaveBeenCalledTimes(1)
    expect(host.reports).toHaveLength(1)
  })

  it('destroys an instance that fails to close, and reports the error', async () => {
    const { host, destroy } = setUp({ close: () => Promise.reject(new Error('stuck')), destroy: () => undefined })
    await host.replace('a')
    await host.end()
    expect(destroy).toHaveBeenCalledTimes(1)
    expect(host.reports).toEqual([new Error('stuck')])
  })

  it('does not destroy an instance that closes in time', async () => {
    const { host, destroy, clock } = setUp({ close: async () => undefined, destroy: () => undefined })
    await host.replace('a')
    await host.end()
    await clock.advance(20_000)
    expect(destroy).not.toHaveBeenCalled()
  })

  it('lets close fail if there is no destroy, so that the reloader counts a leak', async () => {
    const { host } = setUp({ close: () => Promise.reject(new Error('stuck')) })
    await host.replace('a')
    await expect(host.end()).rejects.toThrow('stuck')
  })

  it.each([-1, Number.NaN, 2 ** 31])('refuses %d as drainMs', (drainMs) => {
    expect(() => setUp({ drainMs })).toThrow('reloader.invalid-option')
  })

  it('infers its slice, instance and needs from open', () => {
    const applier = resource({
      open: async (
        slice: { readonly url: string },
        context: PrepareContext<{ readonly url: string }, { log: string }>,
      ) => ({
        url: slice.url + context.needs.log,
        end: () => undefined,
      }),
      check: (instance) => instance.url.length,
      close: (instance) => instance.end(),
    })
    expectTypeOf(applier).toExtend<
      Applier<{ readonly url: string }, { url: string; end: () => undefined }, { log: string }>
    >()
  })
})
