import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createWebSocketInspector } from '@statelyai/inspect'
import type { GoodStore, MachineInspectionEvent } from 'changeover'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { errorWithSecrets, secret, secretsIn } from '../support/secrets.ts'
import { createSpy } from './machine-spy.ts'
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

/** Opens a receiver on a real socket, and the inspector of `@statelyai/inspect` that sends to it. */
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
  /** The last frame shows the closing reload machine; a frame that introduces an actor shows its state at that time. */
  const isLast = (frame: string): boolean =>
    /"type":"@xstate.snapshot"/.test(frame) && /"value":"closed"/.test(frame) && /closeModules/.test(frame)
  const untilClosed = () => vi.waitFor(() => expect(frames.some(isLast)).toBe(true), limits)
  return { inspector, frames, untilClosed }
}

/** Starts the service under both: the inspector with its socket, and the spy that sees what the inspector receives. */
const startInspected = async (options: Parameters<typeof startLeakyService>[0] = {}) => {
  const { inspector, frames, untilClosed } = await openInspector()
  const spy = createSpy()
  const both = (event: MachineInspectionEvent): void => {
    spy.note(event)
    inspector.inspect.next?.(event)
  }
  const service = await startLeakyService({ ...options, inspect: both })
  /** Closes everything, and lists the secrets that were seen. */
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
  ] as const)('G16 after documents that are rejected, by %s', async (_, schema) => {
    const { service, records, leaks } = await startInspected({ schema })
    await publishBadDocuments(service)
    expect(records.filter(({ outcome }) => outcome === 'rejected').length).toBe(badDocuments.length)
    expect(await leaks()).toEqual([])
  })

  it('G16 after configs that serve, change, are prepared in a dry run and are rolled back', async () => {
    const { service, reloader, records, events, leaks } = await startInspected()
    await publishConfigs(service)
    expect(records.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['committed', 'rolled-back']))
    expect(reloader.config.db.password).toBe(secret('password-8'))
    expect(await leaks()).toEqual([])
    expect(new Set(events.map(({ type }) => type)).size).toBe(5)
  })

  it.each(hooks)('G16 after user code has thrown: %s', async (hook) => {
    const { service, thrown, leaks } = await startInspected()
    await failHook(service, hook)
    expect(thrown.length).toBeGreaterThan(0)
    expect(await leaks()).toEqual([])
  })

  it('G16 after the commands of operators, or of what is stored', async () => {
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
      asked.catch(() => {}) // rejected or not, the command has been processed
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
  ] as const)('G16 although the frames show how the transaction ended: %s', async (outcome, hook, other) => {
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
