import { addAbortListener, EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { GuardedAbortController } from '../../src/async/guarded-abort.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const make = () => {
  const reported: unknown[] = []
  const controller = new GuardedAbortController((error) => reported.push(error))
  return { controller, signal: controller.signal, reported }
}

const thrown = new Error('scripted')
const fail = (): never => {
  throw thrown
}
const reject = async (): Promise<never> => fail()

/** What a listener can be, and the reports that it must cause. */
const bad: Readonly<Record<string, readonly [listen: (signal: AbortSignal) => unknown, reports: number]>> = {
  'a listener that throws': [(signal) => signal.addEventListener('abort', fail), 1],
  'a listener that rejects': [(signal) => signal.addEventListener('abort', reject), 1],
  'an object whose handleEvent throws': [(signal) => signal.addEventListener('abort', { handleEvent: fail }), 1],
  'an object without handleEvent': [(signal) => signal.addEventListener('abort', {} as never), 1],
  'an onabort that throws': [(signal) => Object.assign(signal, { onabort: fail }), 1],
  'an onabort that rejects': [(signal) => Object.assign(signal, { onabort: reject }), 1],
  'a listener of addAbortListener': [(signal) => addAbortListener(signal, fail), 1],
  'a listener that was added past the signal': [
    (signal) => EventTarget.prototype.addEventListener.call(signal, 'abort', fail),
    1,
  ],
  'a listener of a signal made with AbortSignal.any': [
    (signal) => AbortSignal.any([signal, new AbortController().signal]).addEventListener('abort', fail),
    1,
  ],
  'an onabort two signals further': [
    (signal) => Object.assign(AbortSignal.any([AbortSignal.any([signal])]), { onabort: fail }),
    1,
  ],
  'a listener whose next tick throws': [(signal) => signal.addEventListener('abort', () => process.nextTick(fail)), 1],
  'three listeners': [
    (signal) => {
      for (const listener of [fail, () => fail(), reject]) signal.addEventListener('abort', listener)
    },
    3,
  ],
}

describe('GuardedAbortController', () => {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  let before: NodeJS.UncaughtExceptionListener[] = []
  beforeEach(() => {
    uncaught.length = 0
    before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', note)
  })
  afterEach(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  })

  it.each(Object.keys(bad))('reports %s, and the process lives', async (name) => {
    const { controller, signal, reported } = make()
    const [listen, reports] = bad[name] ?? [() => {}, 0]
    const kept = listen(signal)
    controller.abort()
    await turn()
    await turn()
    expect([reported.length, uncaught]).toEqual([reports, []])
    void kept
  })

  it('leaves the next tick of the process as it was', () => {
    const { controller, signal } = make()
    const { nextTick } = process
    signal.addEventListener('abort', fail)
    controller.abort()
    expect(process.nextTick).toBe(nextTick)
  })

  it('keeps what Node does with signals', async () => {
    const { controller, signal } = make()
    const order: unknown[] = []
    const twice = (): void => void order.push('twice')
    const removed = (): void => void order.push('removed')
    signal.addEventListener('abort', twice)
    signal.addEventListener('abort', twice)
    signal.addEventListener('abort', removed)
    signal.removeEventListener('abort', removed)
    signal.addEventListener('abort', removed, { once: true })
    signal.removeEventListener('abort', removed)
    signal.addEventListener('abort', function (this: unknown, { type }: Event) {
      order.push([this === signal, type])
    })
    signal.addEventListener('abort', null as never)
    expect(() => signal.addEventListener('abort', 7 as never)).toThrow(TypeError)
    signal.onabort = removed
    signal.onabort = null
    const reason = new Error('because')
    controller.abort(reason)
    controller.abort(new Error('too late'))
    expect(order).toEqual(['twice', [true, 'abort']])
    expect([signal.aborted, signal.reason, signal instanceof AbortSignal]).toEqual([true, reason, true])
    expect(() => signal.throwIfAborted()).toThrow(reason)
    expect(AbortSignal.any([signal]).reason).toBe(reason)
  })

  it('aborts with an AbortError if no reason is given', () => {
    const { controller, signal } = make()
    controller.abort()
    expect(signal.reason).toMatchObject({ name: 'AbortError' })
  })

  it('is taken by fetch, timers and events', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { controller, signal, reported } = make()
    const arrived = once(server, 'request')
    const calls = [
      fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { signal }),
      sleep(1_000_000, undefined, { signal }),
      once(new EventEmitter(), 'never', { signal }),
    ]
    const results = Promise.allSettled(calls)
    await arrived
    controller.abort()
    for (const result of await results) expect(result).toMatchObject({ reason: { name: 'AbortError' } })
    expect(reported).toEqual([])
  })
})

describe('A tool that wraps the methods of a guarded signal', () => {
  it('may replace them by assignment, and restore them', () => {
    const { signal } = new GuardedAbortController(() => {})
    const inner = signal.addEventListener
    const types: string[] = []
    signal.addEventListener = (type: string, ...rest: unknown[]): void => {
      types.push(type)
      Reflect.apply(inner, signal, [type, ...rest])
    }
    signal.addEventListener('abort', () => {})
    signal.addEventListener = inner
    signal.addEventListener('abort', () => {})
    expect(types).toEqual(['abort'])
  })
})
