import { EventEmitter } from 'node:events'
import type { IWatchResponse } from 'etcd3'
import { createVirtualClock } from 'changeover/testing'
import { expect, it } from 'vitest'
import type { WatchStream } from '../../../src/sources/etcd/connection/host-connection.ts'
import { resolveSettings } from '../../../src/sources/etcd/connection/settings.ts'
import { followStream } from '../../../src/sources/etcd/watch-stream.ts'

/** A stream on which a proxy may leave progress requests without an answer. */
class ScriptedStream extends EventEmitter {
  readonly written: string[] = []
  isCancelled = false

  write(request: object): void {
    this.written.push(Object.keys(request).join())
  }

  cancel(): void {
    this.isCancelled = true
    this.emit('error', new Error('cancelled'))
  }

  receive(response: Partial<IWatchResponse>): void {
    this.emit('data', { events: [], ...response })
  }
}

const HOUR_MS = 3_600_000

const open = () => {
  const clock = createVirtualClock()
  const stream = new ScriptedStream()
  const settings = resolveSettings({ hosts: '127.0.0.1:1', clock })
  const controller = new AbortController()
  const listener = { onCreated: () => {}, onEvents: () => {} }
  const target = stream as unknown as WatchStream
  let code: string | undefined
  followStream(target, {} as never, settings, controller.signal, listener).catch((error: { code: string }) => {
    code = error.code
  })
  return { clock, stream, controller, code: () => code, deadlines: settings.deadlines }
}

it('A watch lives on in silence while nothing has ever answered a request for progress', async () => {
  const { clock, stream, code, controller } = open()
  stream.receive({ created: true })
  await clock.advance(HOUR_MS)
  expect(code()).toBeUndefined()
  expect(stream.written.filter((request) => request === 'progress_request').length).toBeGreaterThan(100)
  controller.abort()
  await clock.advance(0)
  expect([code(), stream.isCancelled]).toEqual(['source.closed', true])
})

it('A watch breaks if a request for progress is not answered although one was before', async () => {
  const { clock, stream, code, deadlines } = open()
  stream.receive({ created: true })
  stream.receive({})
  await clock.advance(deadlines.silenceMs + deadlines.answerMs - 1)
  expect(code()).toBeUndefined()
  await clock.advance(1)
  expect([code(), stream.isCancelled]).toEqual(['source.timeout', true])
})

it('A watch that is not acknowledged in time breaks', async () => {
  const { clock, stream, code, deadlines } = open()
  expect(stream.written).toEqual(['create_request'])
  await clock.advance(deadlines.openMs - 1)
  expect(code()).toBeUndefined()
  await clock.advance(1)
  expect(code()).toBe('source.timeout')
})

it('A watch asks for progress only once etcd has been silent', async () => {
  const { clock, stream, deadlines } = open()
  const requests = () => stream.written.filter((request) => request === 'progress_request').length
  stream.receive({ created: true })
  const atFirst = requests()
  for (let count = 0; count < 3; count++) {
    await clock.advance(deadlines.silenceMs - 1)
    stream.receive({ events: [{} as never] })
  }
  await clock.advance(deadlines.silenceMs - 1)
  expect(requests()).toBe(atFirst)
  await clock.advance(1)
  expect(requests()).toBe(atFirst + 1)
  await clock.advance(deadlines.silenceMs - 1)
  stream.receive({ events: [{} as never] })
  await clock.advance(deadlines.silenceMs - 1)
  expect(requests()).toBe(atFirst + 1)
})

it('A watch waits for an answer no longer once etcd has sent anything', async () => {
  const { clock, stream, code, deadlines } = open()
  stream.receive({ created: true })
  stream.receive({})
  await clock.advance(deadlines.silenceMs + deadlines.answerMs - 1)
  stream.receive({ events: [{} as never] })
  await clock.advance(deadlines.silenceMs - 1)
  expect(code()).toBeUndefined()
})
