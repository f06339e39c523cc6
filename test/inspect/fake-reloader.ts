import type { ReloaderStatus } from 'changeover'
import { EventBus } from '../../src/transaction/event-bus.ts'
import { registerObservation } from '../../src/api/observed.ts'

/** A reloader of which only what an inspector sees is there; the test says what happens in it. */
export const fakeReloader = (methods: Readonly<Record<string, (...inputs: never[]) => unknown>> = {}) => {
  const announcer = new EventBus(() => 0)
  let status = { state: 'idle', since: 0, inSync: true } as ReloaderStatus
  const reloader = { ...methods, status: () => status }
  registerObservation(reloader, announcer.observation(reloader.status))
  return {
    reloader,
    announcer,
    setStatus: (next: Partial<ReloaderStatus>): void => {
      status = { ...status, ...next }
    },
  }
}

export interface Told {
  readonly id: number
  readonly event: string
  // The test knows the shape of what it asks for.
  // biome-ignore lint/suspicious/noExplicitAny: each event has another
  readonly data: any
}

/** The whole events in a stream's text. */
export const framesOf = (text: string): Told[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((frame) => parse(frame) ?? [])

const parse = (frame: string): Told | undefined => {
  const fields = new Map(frame.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]))
  const data = fields.get('data')
  return data === undefined
    ? undefined
    : { id: Number(fields.get('id')), event: fields.get('event') ?? '', data: JSON.parse(data) }
}
