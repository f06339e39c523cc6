import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createReloader } from 'changeover'
import { systemClock, type Clock } from '../../../src/api/clock.ts'
import type { ReadResult } from '../../../src/api/source.ts'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { settledRead } from '../../../src/sources/etcd/settled-read.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, never, SOON, textOf } from '../follow.ts'

/** No other timer has this delay. */
const SETTLE_MS = 77

/** Holds the timers of the settling, and only those, until the test releases them. */
class SettleClock implements Clock {
  readonly held: (() => void)[] = []
  #time = 0

  readonly now = systemClock.now
  readonly monotonic = (): number => this.#time
  readonly setTimeout = (callback: () => void, ms: number): unknown => {
    if (ms !== SETTLE_MS) return systemClock.setTimeout(callback, ms)
    this.held.push(callback)
    return callback
  }
  readonly clearTimeout = (handle: unknown): void => {
    const at = this.held.indexOf(handle as () => void)
    if (at === -1) systemClock.clearTimeout(handle)
    else this.held.splice(at, 1)
  }

  /** Waits until a read is settling, and lets `SETTLE_MS` pass for it. */
  async pass(): Promise<void> {
    await vi.waitFor(() => expect(this.held.length).toBeGreaterThan(0), SOON)
    this.#time += SETTLE_MS
    for (const callback of this.held.splice(0)) callback()
  }
}

let server: EtcdServer
let clock: SettleClock
let prefix = ''
let prefixes = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())
beforeEach(() => {
  prefix = `/settle/${++prefixes}`
  clock = new SettleClock()
})

const put = (name: string, value: number): Promise<unknown> =>
  server.admin(async (client) => client.put(`${prefix}/${name}`).value(value))
const openSource = () => etcdSource({ hosts: server.endpoint, prefix, settleMs: SETTLE_MS, clock })

describe('A source of a prefix with settleMs', () => {
  it('never lets a service serve a mixture of keys that are put one after the other', async () => {
    await put('a', 1)
    const reloader = createReloader({ source: openSource(), schema: z.record(z.string(), z.string()) })
    const served: unknown[] = []
    const starting = reloader.start()
    // In the middle of a deployment, too, a service starts with all of it.
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    await put('b', 1)
    await clock.pass()
    await clock.pass()
    await starting
    served.push(reloader.config)
    reloader.subscribe(
      (config) => config,
      (next) => void served.push(next),
    )
    await vi.waitFor(() => expect(reloader.status().source.state).toBe('watching'), SOON)
    for (const n of [2, 3]) {
      await put('a', n)
      await vi.waitFor(() => expect(clock.held).not.toHaveLength(0), SOON)
      await put('b', n)
      await vi.waitFor(async () => {
        if (clock.held.length > 0) await clock.pass()
        expect(reloader.config).toEqual({ a: String(n), b: String(n) })
      }, SOON)
    }
    expect(served).toEqual([1, 2, 3].map((n) => ({ a: String(n), b: String(n) })))
    await reloader.close()
  })

  it('settles what an explicit reload reads', async () => {
    const source = openSource()
    await put('a', 1)
    const first = source.read(never)
    await clock.pass()
    await first
    await put('a', 2)
    const second = source.read(never)
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    await put('b', 2)
    await clock.pass()
    await clock.pass()
    expect(textOf(await second)).toBe('{"a":"2","b":"2"}')
    await source.close?.()
  })

  it('settles keys that are deleted before they are put again', async () => {
    const source = openSource()
    await put('a', 1)
    const first = source.read(never)
    await clock.pass()
    await first
    await server.admin(async (client) => client.delete().prefix(prefix))
    const second = source.read(never)
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    await put('a', 2)
    await clock.pass()
    await clock.pass()
    expect(textOf(await second)).toBe('{"a":"2"}')
    await source.close?.()
  })

  it('returns what it has returned before at once', async () => {
    const source = openSource()
    await put('a', 1)
    const first = source.read(never)
    await clock.pass()
    await first
    expect(textOf(await source.read(never))).toBe('{"a":"1"}')
    expect(clock.held).toEqual([])
    await source.close?.()
  })

  it('takes keys that change all the time after ten times settleMs', async () => {
    const source = openSource()
    await put('a', 0)
    const reading = source.read(never)
    let waits = 0
    let result: ReadResult | undefined
    void reading.then((found) => {
      result = found
    })
    while (result === undefined) {
      await vi.waitFor(() => expect(result !== undefined || clock.held.length > 0).toBe(true), SOON)
      if (clock.held.length === 0) continue
      await put('a', ++waits)
      await clock.pass()
    }
    expect(waits).toBe(10)
    expect(textOf(result)).toBe('{"a":"10"}')
    await source.close?.()
  })

  it('ends the wait, and leaves no timer, when the signal aborts and when it is closed', async () => {
    const source = openSource()
    const controller = new AbortController()
    const aborted = codeOf(source.read(controller.signal))
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    controller.abort()
    expect(await aborted).toBe('source.closed')
    expect(clock.held).toEqual([])
    const closed = codeOf(source.read(never))
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    await source.close?.()
    expect(await closed).toBe('source.closed')
    expect(clock.held).toEqual([])
  })

  it('waits for nothing with settleMs: 0, nor for a single key', async () => {
    const options = { hosts: server.endpoint, clock: { ...systemClock, monotonic: () => Number.NaN } }
    for (const source of [
      etcdSource({ ...options, prefix, settleMs: 0 }),
      etcdSource({ ...options, key: `${prefix}/a` }),
    ]) {
      await source.read(never)
      await source.close?.()
    }
  })

  it.each([-1, 1_001, 0.5, Number.NaN, '50' as unknown as number])('refuses settleMs: %s', (settleMs) => {
    expect(() => etcdSource({ hosts: server.endpoint, prefix, settleMs })).toThrow(/settleMs/)
  })
})

describe('A settled read', () => {
  const missing = (order: number): ReadResult => ({
    kind: 'missing',
    revision: { lineage: 'x', order, name: String(order) },
  })

  it('returns a state that changes all the time although each read is ended early', async () => {
    let order = 0
    const read = settledRead(async () => missing(++order), { clock, settleMs: SETTLE_MS, closed: never })
    let ended = 0
    let found: ReadResult | undefined
    while (found === undefined) {
      const controller = new AbortController()
      const reading = read(controller.signal).then(
        (result) => {
          found = result
        },
        () => {
          ended += 1
        },
      )
      for (let waits = 0; waits < 3 && found === undefined; waits++) {
        await vi.waitFor(() => expect(found !== undefined || clock.held.length > 0).toBe(true), SOON)
        if (clock.held.length > 0) await clock.pass()
      }
      controller.abort()
      await reading
    }
    expect(ended).toBeGreaterThan(0)
    expect(ended).toBeLessThan(5)
  })

  it('begins a new wait for a change that comes long after a read that was ended', async () => {
    let order = 1
    const read = settledRead(async () => missing(order), { clock, settleMs: SETTLE_MS, closed: never })
    const controller = new AbortController()
    const ended = codeOf(read(controller.signal))
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    controller.abort()
    expect(await ended).toBe('source.closed')
    for (let n = 0; n < 20; n++) {
      clock.held.push(() => undefined)
      await clock.pass()
    }
    const later = read(never)
    await vi.waitFor(() => expect(clock.held).toHaveLength(1), SOON)
    order = 2
    await clock.pass()
    await clock.pass()
    expect((await later).revision.order).toBe(2)
  })
})
