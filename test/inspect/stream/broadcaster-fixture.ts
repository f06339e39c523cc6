import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createVirtualClock } from 'changeover/testing'
import { observationOf } from '../../../src/api/internal/observation.ts'
import type { MachineName, MachineState } from '../../../src/api/internal/machine-state.ts'
import { Broadcaster } from '../../../src/inspect/stream/broadcaster.ts'
import { createFakeReloader } from '../fake-reloader.ts'
import { parseEvents, type ReceivedEvent } from '../server-sent-events.ts'

/** A response whose client reads everything at once, or nothing while `isSlow`. */
class FakeResponse extends EventEmitter {
  text = ''
  writableLength = 0
  writableEnded = false
  destroyed = false
  isSlow = false

  writeHead(): this {
    return this
  }

  write(chunk: string): boolean {
    if (this.isSlow) this.writableLength += chunk.length
    else this.text += chunk
    return true
  }

  end(): this {
    this.writableEnded = true
    this.emit('close')
    return this
  }

  destroy(): this {
    this.destroyed = true
    this.emit('close')
    return this
  }
}

/** Creates a broadcaster in virtual time on a fake reloader. */
export const createBroadcaster = () => {
  const clock = createVirtualClock({ startAt: 1_000 })
  const fake = createFakeReloader()
  const observation = observationOf(fake.reloader)
  const broadcaster = new Broadcaster(observation, { clock, actions: ['reload'] })
  const connect = (lastEventId?: number | string) => {
    const response = new FakeResponse()
    broadcaster.connect(response as unknown as ServerResponse, lastEventId?.toString(), 'csrf')
    const events = (): ReceivedEvent[] => parseEvents(response.text)
    return {
      response,
      events,
      names: (): string[] => events().map(({ event }) => event),
      last: (name: string) => events().findLast(({ event }) => event === name)?.data,
      lastId: (): number => events().at(-1)?.id ?? -1,
      close: (): void => void response.destroy(),
    }
  }
  return { clock, broadcaster, connect, observation, ...fake }
}

/** Creates a broadcaster whose reload machine takes the steps that the test asks for. */
export const createBroadcasterOfMachine = () => {
  const fixture = createBroadcaster()
  const listeners = new Set<(state: MachineState<MachineName>) => void>()
  const counts = { attached: 0 }
  Object.assign(fixture.observation, {
    machines: () => [stateOf('idle')],
    observeMachines: (listener: (state: MachineState<MachineName>) => void) => {
      counts.attached += 1
      listeners.add(listener)
      return () => {
        counts.attached -= 1
        listeners.delete(listener)
      }
    },
  })
  const step = (name: string): void => {
    for (const listener of listeners) listener(stateOf(name))
  }
  return { ...fixture, counts, step }
}

const stateOf = (name: string): MachineState<'reload'> => ({
  machine: 'reload',
  value: name,
  state: name,
  active: [`reload.${name}`],
  event: 'step',
  taken: [{ source: 'reload.idle', event: 'step', index: 0, targets: [`reload.${name}`] }],
  at: 1,
})
