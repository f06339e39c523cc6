import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { inspect as look } from 'node:util'
import { createWebSocketInspector } from '@statelyai/inspect'
import type { GoodStore, MachineInspectionEvent } from 'changeover'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { assign, createActor, fromPromise, type InspectionEvent, setup } from 'xstate'
import { viewOf } from '../../src/xstate/redacted-view.ts'
import { errorWithSecrets, secret, secretsIn } from '../support/secrets.ts'
import {
  badDocuments,
  closeService,
  configOf,
  failHook,
  hooks,
  publishBadDocuments,
  publishConfigs,
  startLeakyService,
  valibotSchema,
  zodSchema,
} from './leaky-service.ts'

const limits = { timeout: 20_000, interval: 5 }

/** A receiver on a real socket, and the inspector of `@statelyai/inspect` that sends to it. */
const openInspector = async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const frames: string[] = []
  server.on('connection', (socket) => socket.on('message', (data) => frames.push(String(data))))
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const inspector = createWebSocketInspector({ url, serializationDepthLimit: 50, maxDeferredEvents: 100_000 })
  await once(server, 'connection')
  onTestFinished(async () => {
    inspector.stop()
    for (const socket of server.clients) socket.terminate()
    server.close()
    await once(server, 'close')
  })
  /** Every frame has come when the last one has: the machine that closes. What presents an actor shows where it is by now. */
  const isLast = (frame: string): boolean =>
    /"type":"@xstate.snapshot"/.test(frame) && /"value":"closed"/.test(frame) && /closeModules/.test(frame)
  const untilClosed = () => vi.waitFor(() => expect(frames.some(isLast)).toBe(true), limits)
  return { inspector, frames, untilClosed }
}

/** All texts that can be reached from a value, by fields, symbols, prototypes, getters, and the calls that look. */
const reachable = (value: unknown, seen = new Set<unknown>()): string[] => {
  if (typeof value === 'function') return [value.name]
  if (typeof value !== 'object' || value === null) return [String(value)]
  if (seen.has(value)) return []
  seen.add(value)
  const texts: string[] = []
  for (let at: object | null = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) texts.push(String(key), ...reachable(Reflect.get(at, key, value), seen))
  }
  for (const call of ['getSnapshot', 'toJSON', 'getPersistedSnapshot']) {
    const method = (value as Readonly<Record<string, unknown>>)[call]
    if (typeof method === 'function') texts.push(...reachable(method.call(value), seen))
  }
  return texts
}

/** Keeps all that it is told, and looks at it at once and again at the end. */
const createSpy = () => {
  const events: MachineInspectionEvent[] = []
  const texts: string[] = []
  const seen = new Set<unknown>() // an actor is looked at once, and once more at the end
  const note = (event: MachineInspectionEvent): void => {
    events.push(event)
    texts.push(...reachable(event, seen), JSON.stringify(event))
  }
  return { events, note, leaks: () => secretsIn([...texts, ...reachable(events)].join('\n')) }
}

/** The service under both: the inspector with its socket, and the spy that sees what the inspector is given. */
const startInspected = async (options: Parameters<typeof startLeakyService>[0] = {}) => {
  const { inspector, frames, untilClosed } = await openInspector()
  const spy = createSpy()
  const both = (event: MachineInspectionEvent): void => {
    spy.note(event)
    inspector.inspect.next?.(event)
  }
  const service = await startLeakyService({ ...options, inspect: both })
  /** Closes all, and says which secrets were seen. */
  const leaks = async (): Promise<string[]> => {
    await closeService(service)
    await untilClosed()
    expect(frames.length).toBeGreaterThan(15)
    return [...secretsIn(frames.join('\n')), ...spy.leaks()]
  }
  return { ...service, service, frames, events: spy.events, leaks }
}

describe('G16 No config value is in a frame of an inspector', () => {
  it.each([
    ['zod', zodSchema],
    ['valibot', valibotSchema],
  ] as const)('G16 not of documents that are refused, by %s', async (_, schema) => {
    const { service, records, leaks } = await startInspected({ schema })
    await publishBadDocuments(service)
    expect(records.filter(({ outcome }) => outcome === 'rejected').length).toBe(badDocuments.length)
    expect(await leaks()).toEqual([])
  })

  it('G16 not of configs that serve, change, are prepared on trial and are swapped back', async () => {
    const { service, reloader, records, events, leaks } = await startInspected()
    await publishConfigs(service)
    expect(records.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['committed', 'rolled-back']))
    expect(reloader.config.db.password).toBe(secret('password-8'))
    expect(await leaks()).toEqual([])
    expect(new Set(events.map(({ type }) => type)).size).toBe(5)
  })

  it.each(hooks)('G16 nor anything of what user code throws: %s', async (hook) => {
    const { service, thrown, leaks } = await startInspected()
    await failHook(service, hook)
    expect(thrown.length).toBeGreaterThan(0)
    expect(await leaks()).toEqual([])
  })

  it('G16 nor of what operators say and do, and of what is kept', async () => {
    const kept = new Map<string, string>()
    const store = {
      load: (name: string) => kept.get(name),
      save: (name: string, text: string) => void kept.set(name, text),
    } as { -readonly [K in keyof GoodStore]: GoodStore[K] }
    const { source, clock, reloader, failing, records, leaks } = await startInspected({
      lastKnownGood: store,
      confirm: { withinMs: 500 },
    })
    const put = async (n: number): Promise<void> => {
      source.put(configOf(n))
      await clock.advance(200)
    }
    const ask = async (asked: Promise<unknown>): Promise<void> => {
      asked.catch(() => {}) // refused or not, something was said
      await clock.advance(1_000)
    }
    await put(2)
    await ask(reloader.confirm(secret('transaction')))
    await put(3)
    await ask(reloader.confirm(reloader.status().confirmation?.transaction ?? ''))
    failing.add('prepare')
    await put(4)
    failing.clear()
    await ask(reloader.release({ digest: secret('digest') }))
    await ask(reloader.retry())
    await ask(reloader.freeze(secret('reason')))
    await put(5)
    await ask(reloader.revert({ to: secret('revision') }))
    await ask(reloader.revert())
    await ask(reloader.unfreeze())
    await clock.advance(60_000)
    const triggers = new Set(records.map(({ trigger }) => trigger))
    expect([...triggers]).toEqual(expect.arrayContaining(['change', 'retry', 'revert']))
    expect(secretsIn([...kept.values()].join()).length).toBeGreaterThan(0)
    expect(await leaks()).toEqual([])

    const again = await startInspected({ lastKnownGood: store })
    expect(again.records.map(({ trigger }) => trigger)).toContain('restore')
    store.save = () => Promise.reject(errorWithSecrets('save'))
    again.source.put(configOf(6))
    await again.clock.advance(5_000)
    expect(again.reloader.status().counters.reported).toBeGreaterThan(0)
    expect(await again.leaks()).toEqual([])
  })

  it.each([
    ['degraded', 'undo', 'health'],
    ['rolled-back', 'prepare', 'prepare'],
    ['rejected', 'policy', 'policy'],
  ] as const)('G16 and yet they say what became of it: %s', async (outcome, hook, other) => {
    const { source, clock, failing, frames, leaks } = await startInspected()
    failing.add(hook).add(other)
    source.put(configOf(2))
    await clock.advance(500)
    failing.clear()
    await clock.advance(60_000)
    expect(await leaks()).toEqual([])
    const states = frames.map((frame) => JSON.parse(frame).snapshot?.value)
    expect(states).toContainEqual({ resting: outcome })
  })
})

/** A machine that does all that ours must not do: it holds secrets wherever a machine can hold anything. */
const createLeakyMachine = (reject: (error: unknown) => Promise<never>) => {
  const held = (place: string) => ({
    type: secret(`${place}-type`),
    password: secret(`${place}-password`),
    [secret(`${place}-key`)]: 1,
    candidate: {
      content: secret(`${place}-content`),
      revision: { lineage: 'a', order: 1, name: '1', text: secret(`${place}-text`) },
    },
    cause: errorWithSecrets(`${place}-cause`),
    degraded: [{ name: secret(`${place}-degraded`) }, errorWithSecrets(`${place}-list`)],
    waiting: errorWithSecrets(`${place}-waiting`),
    get epoch() {
      return secret(`${place}-getter`)
    },
  })
  return {
    held,
    machine: setup({
      actors: {
        resolves: fromPromise(async () => held('output')),
        rejects: fromPromise(() => reject(errorWithSecrets('rejected'))),
        rejectsText: fromPromise(() => reject(secret('rejected-text'))),
        rejectsData: fromPromise(() => reject(held('rejected-data'))),
      },
      actions: {
        act: (_, _params: object) => {},
      },
    }).createMachine({
      context: held('context') as object,
      initial: 'one',
      on: {
        told: {
          actions: [{ type: 'act', params: () => held('params') }, assign(() => ({ ...held('assigned'), epoch: 1 }))],
        },
      },
      states: {
        one: { invoke: { id: 'resolves', src: 'resolves', input: () => held('input'), onDone: 'two' } },
        two: { invoke: { id: 'rejects', src: 'rejects', onError: 'three' } },
        three: { invoke: { id: 'rejectsText', src: 'rejectsText', onError: 'four' } },
        four: { invoke: { id: 'rejectsData', src: 'rejectsData', onError: 'five' } },
        five: {
          on: {
            broken: {
              actions: () => {
                throw errorWithSecrets('action')
              },
            },
          },
        },
      },
    }),
  }
}

describe('G16 Whatever a machine may come to hold', () => {
  it('G16 is shown field by field, so that what nobody has named stays hidden', async () => {
    const { machine, held } = createLeakyMachine((error) => Promise.reject(error))
    const spy = createSpy()
    const raw: InspectionEvent[] = []
    const inspect = (event: InspectionEvent): void => {
      raw.push(event)
      const view = viewOf(event)
      if (view !== undefined) spy.note(view)
    }
    const actor = createActor(machine, { id: 'reload', inspect })
    actor.subscribe({ error: () => {} })
    actor.start()
    actor.send({ ...held('event'), type: 'told' })
    await vi.waitFor(() => expect(actor.getSnapshot().value).toBe('five'), limits)
    actor.send({ type: 'broken' })
    expect(actor.getSnapshot().status).toBe('error')
    expect(secretsIn(look(raw, { depth: 8 })).length).toBeGreaterThan(20)
    expect(spy.events.length).toBe(raw.length)
    expect(spy.leaks()).toEqual([])
    expect(reachable(spy.events).join()).toContain('lineage,a')
  })
})
