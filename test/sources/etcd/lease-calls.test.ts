import { EventEmitter, getEventListeners } from 'node:events'
import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { SourceError } from '../../../src/api/source.ts'
import type { Cluster } from '../../../src/sources/etcd/connection/failover.ts'
import { isLeaseUnknown, renewLease } from '../../../src/sources/etcd/fleet/lease-calls.ts'
import { codeOf } from '../follow.ts'

/** A stream on which etcd answers what the test says. */
class LeaseStream extends EventEmitter {
  readonly written: unknown[] = []
  isCancelled = false

  write(request: unknown): void {
    this.written.push(request)
  }

  cancel(): void {
    this.isCancelled = true
  }
}

const renewal = (controller = new AbortController()) => {
  const clock = createVirtualClock()
  const stream = new LeaseStream()
  const connection = { stub: async () => ({ leaseKeepAlive: () => stream }), metadata: async () => ({ set: () => {} }) }
  const cluster = {
    settings: { clock, hosts: ['a'], deadlines: { callMs: 5_000 } },
    pool: { acquire: async () => connection, release: () => {}, retire: () => {} },
    closed: new AbortController().signal,
  } as unknown as Cluster
  const result = renewLease(cluster, '7', controller.signal)
  result.catch(() => {})
  const asked = (): Promise<void> => expect.poll(() => stream.written).toEqual([{ ID: '7' }])
  return { clock, stream, controller, result, asked }
}

describe('The renewal of a lease', () => {
  it.each([
    ['10', true],
    ['0', false],
  ])('tells whether the lease lives: %s s are left', async (TTL, isAlive) => {
    const { stream, controller, result, asked } = renewal()
    await asked()
    stream.emit('data', { TTL })
    expect(await result).toBe(isAlive)
    expect(stream.isCancelled).toBe(true)
    expect(() => stream.emit('error', new Error('cancelled'))).not.toThrow()
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('ends when it is aborted, although etcd does not answer', async () => {
    const { stream, controller, result, asked } = renewal()
    await asked()
    controller.abort()
    expect(await codeOf(result)).toBe('source.closed')
    expect(stream.isCancelled).toBe(true)
  })

  it('asks nothing if it is aborted before', async () => {
    const controller = new AbortController()
    controller.abort()
    const { stream, result } = renewal(controller)
    expect(await codeOf(result)).toBe('source.closed')
    expect(stream.written).toEqual([])
  })

  it('ends at its deadline, with an error of the stream, or with the stream', async () => {
    const late = renewal()
    await late.asked()
    await late.clock.advance(5_000)
    expect(await codeOf(late.result)).toBe('source.timeout')
    const ended = renewal()
    await ended.asked()
    ended.stream.emit('end')
    expect(await codeOf(ended.result)).toBe('source.closed')
    const failed = renewal()
    await failed.asked()
    failed.stream.emit('error', Object.assign(new Error('14 UNAVAILABLE'), { code: 14 }))
    expect(await codeOf(failed.result)).toBe('source.unreachable')
    expect([late, ended, failed].map(({ stream }) => stream.isCancelled)).toEqual([true, true, true])
  })
})

describe('A lease', () => {
  const unknown = new Error('5 NOT_FOUND: etcdserver: requested lease not found')
  it.each<readonly [unknown, boolean]>([
    [unknown, true],
    [new SourceError('source.failed', unknown), true],
    [new Error('14 UNAVAILABLE'), false],
    [new SourceError('source.unreachable', new Error('14 UNAVAILABLE')), false],
    [new SourceError('source.closed'), false],
    ['lease not found', false],
    [undefined, false],
  ])('has ended only if etcd says so: %s', (error, hasEnded) => {
    expect(isLeaseUnknown(error)).toBe(hasEnded)
  })
})
