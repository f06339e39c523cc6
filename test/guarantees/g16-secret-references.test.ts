import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import { createReloader, type Failure, SecretError, type TransactionRecord, timedTree, unsafeCause } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InspectionEvent } from 'xstate'
import { z } from 'zod'
import { observationOf } from '../../src/api/internal/observation.ts'
import { errorWithSecrets, secret, secretsIn, show } from '../support/secrets.ts'

const { frames, actors } = vi.hoisted(() => ({
  frames: [] as string[],
  actors: [] as {
    readonly getSnapshot: () => { readonly context: unknown }
    readonly getPersistedSnapshot: () => unknown
  }[],
}))

vi.mock(import('xstate'), async (original) => {
  const { inspect: look } = await import('node:util')
  const xstate = await original()
  const note = (event: InspectionEvent): void => {
    const frame = event as { readonly event?: unknown; readonly snapshot?: object }
    const { context, output, error, input } = (frame.snapshot ?? {}) as Record<string, unknown>
    frames.push(look({ event: frame.event, context, output, error, input }, { depth: 10, showHidden: true }))
  }
  const createActor = ((logic: never, options: object) => {
    const actor = xstate.createActor(logic, { ...options, inspect: note } as never)
    actors.push(actor as never)
    return actor
  }) as unknown as typeof xstate.createActor
  return { ...xstate, createActor }
})

beforeEach(() => {
  frames.length = 0
  actors.length = 0
})
afterEach(() => vi.restoreAllMocks())

const Config = z.object({
  db: z.object({ user: z.string(), password: z.string(), max: z.number() }),
  url: z.string().optional(),
  pin: z.coerce.number().optional(),
  list: z.array(z.string()).optional(),
})

const ref = (name: string) => ({ $secret: `vault:${name}` })
const documentOf = (max: number, more: object = {}) => ({ db: { user: 'app', password: ref('db'), max }, ...more })

const createService = (options: object = {}) => {
  const clock = createVirtualClock()
  const source = memorySource(documentOf(1) as never)
  const vault = new Map([['db', secret('password-1')]])
  const output: string[] = []
  const entries = new Map<string, string>()
  const note = (data: object, message: string) => void output.push(JSON.stringify(data), message)
  let notice = (): void => {}
  const failing = new Set<string>()
  const reloader = createReloader({
    source,
    schema: Config,
    clock,
    logger: { debug: note, info: note, warn: note, error: note },
    // Everything is declared as public: secrets are hidden all the same.
    public: ['db', 'url', 'pin', 'list'],
    secrets: {
      vault: {
        read: (name) => {
          if (failing.has('read')) throw errorWithSecrets('read')
          if (failing.has('rejected'))
            return Promise.reject(new SecretError('secret.denied', errorWithSecrets('cause')))
          return vault.get(name)
        },
        watch: (onChange) => {
          notice = onChange
          return () => {}
        },
      },
    },
    lastKnownGood: { load: (name) => entries.get(name), save: (name, text) => void entries.set(name, text) },
    soak: 0,
    ...options,
  }).use('db', (config) => config.db, {
    prepare: async ({ password }) => {
      if (failing.has('prepare')) throw errorWithSecrets('prepare')
      return { instance: password }
    },
  })
  const records: TransactionRecord[] = []
  void (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  const events: string[] = []
  const observation = observationOf(reloader)
  observation.observe((event) => events.push(JSON.stringify(event)))
  reloader.subscribe(
    (config) => config.db.max,
    () => {},
  )
  const rotate = async (value: string): Promise<void> => {
    vault.set('db', value)
    notice()
    await clock.advance(5_000)
  }
  return { clock, source, vault, output, entries, failing, reloader, records, events, observation, rotate }
}

const tellStory = async (service: ReturnType<typeof createService>): Promise<string> => {
  const { clock, source, failing, reloader, records, observation, rotate } = service
  const shown: string[] = []
  const look = (): void => {
    shown.push(show(reloader.status()), JSON.stringify(observation.inspected?.config()), show(reloader.explain('db')))
    shown.push(show(reloader.explain('db.password')), inspect(reloader, { depth: 4, showHidden: true }))
  }
  await Promise.all([reloader.start(), clock.advance(1_000)])
  look()
  await rotate(secret('password-2'))
  look()
  failing.add('prepare')
  await rotate(secret('password-3'))
  look()
  failing.delete('prepare')
  await clock.advance(60_000)
  for (const failure of ['read', 'rejected']) {
    failing.add(failure)
    source.put(documentOf(records.length) as never)
    await rotate(secret(`unread-${failure}`))
    look()
    failing.delete(failure)
    await clock.advance(60_000)
  }
  source.put({ db: { user: ref('db'), password: 'plain', max: 'no number' } } as never)
  await clock.advance(1_000)
  const planning = reloader.plan(JSON.stringify(documentOf(9, { list: [ref('db'), 'open'], url: ref('db') })))
  await clock.advance(1_000)
  shown.push(show(await planning))
  await reloader.freeze('now')
  const reverting = reloader.revert()
  await clock.advance(5_000)
  await reverting
  look()
  shown.push(...records.flatMap((record) => [show(record), timedTree(record)]))
  shown.push(...actors.map((actor) => show(actor.getPersistedSnapshot())))
  return shown.join('\n')
}

/** The texts of a heap that holds these values and nothing else of this process. */
const heapOf = async (values: readonly unknown[]): Promise<string> => {
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads'); globalThis.kept = workerData; parentPort.on('message', () => {})`,
    {
      eval: true,
      workerData: values,
    },
  )
  await new Promise((resolve) => worker.once('online', resolve))
  const stream = await worker.getHeapSnapshot()
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  await worker.terminate()
  return text
}

describe('G16 The value of a secret that the document refers to', () => {
  it('G16 is in no log, record, event, status, plan, explanation, frame, machine, error, journal and good document', async () => {
    const service = createService()
    const shown = await tellStory(service)
    const { records, output, events, entries, reloader, clock } = service
    expect(new Set(records.map(({ trigger }) => trigger))).toEqual(
      new Set(['start', 'secret', 'change', 'quarantine-expired', 'revert']),
    )
    expect(new Set(records.map(({ outcome }) => outcome))).toEqual(new Set(['committed', 'rolled-back', 'rejected']))
    expect(reloader.config.db.password).toContain('S3cR3t')
    expect(entries.size).toBeGreaterThan(2)
    const all = { shown, output, events, frames, entries: [...entries.values()] }
    for (const [what, texts] of Object.entries(all)) {
      const text = [texts].flat().join('\n')
      expect(text.length, what).toBeGreaterThan(100)
      expect(secretsIn(text), what).toEqual([])
    }
    expect([...entries.values()].join('\n')).toContain('vault:db')
    const closing = reloader.close()
    await clock.advance(60_000)
    await closing
  })

  it("G16 is not in a heap snapshot of the machines' contexts", async () => {
    const service = createService()
    await tellStory(service)
    const contexts = actors.map((actor) => actor.getSnapshot().context)
    expect(contexts.length).toBe(3)
    const heap = await heapOf(contexts)
    expect(heap).toContain('frozenMeanwhile')
    expect(secretsIn(heap)).toEqual([])
    expect(secretsIn(await heapOf([{ planted: secret('planted') }]))).toEqual([secret('planted')])
  }, 60_000)

  it('G16 is hidden wherever the schema puts it, alone, as a number or in a longer text, and so is what contains it', async () => {
    const schema = Config.transform(({ db, pin, ...rest }) => ({
      ...rest,
      db,
      pin,
      url: `postgres://${db.user}:${encodeURIComponent(db.password)}@db/app`,
      list: [db.password, 'open'],
    }))
    const { reloader, clock, vault, source, events } = createService({ schema })
    vault.set('db', secret('p/1'))
    vault.set('pin', '4711')
    await Promise.all([reloader.start(), clock.advance(1_000)])
    source.put(documentOf(2, { pin: ref('pin') }) as never)
    await clock.advance(1_000)
    vault.set('db', secret('p/2'))
    const planning = reloader.plan(JSON.stringify(documentOf(3)))
    await clock.advance(1_000)
    const plan = await planning
    const differences = 'diff' in plan ? plan.diff.differences : []
    expect(differences).toContainEqual({ path: 'db.max', change: 'changed', from: 2, to: 3 })
    expect(differences).toContainEqual({ path: 'db.password', change: 'changed' })
    expect(differences).toContainEqual({ path: 'url', change: 'changed' })
    expect(differences).toContainEqual({ path: 'list.0', change: 'changed' })
    expect(differences).toContainEqual({ path: 'pin', change: 'removed' })
    expect(secretsIn(`${show(plan)}${events.join('')}`)).toEqual([])
    expect(events.join('')).not.toContain('4711')
    const tree = JSON.stringify(observationOf(reloader).inspected?.config())
    expect(tree).toContain('"open"')
    expect(secretsIn(tree)).toEqual([])
  })

  it('G16 cannot be guessed from a digest: the same document has the same one, whatever the value is', async () => {
    const digests = new Set<string | undefined>()
    for (const value of ['1234', '9999', '1234']) {
      const { reloader, clock, vault } = createService({ random: () => 0.25 })
      vault.set('db', value)
      await Promise.all([reloader.start(), clock.advance(1_000)])
      digests.add(reloader.status().serving?.digest)
    }
    expect(digests.size).toBe(1)
  })

  it('G16 has another digest after each rotation, so that what failed before does not hold it back', async () => {
    const { reloader, rotate, clock } = createService()
    await Promise.all([reloader.start(), clock.advance(1_000)])
    const digests = [reloader.status().serving?.digest]
    for (const value of ['two', 'three', 'two']) {
      await rotate(value)
      digests.push(reloader.status().serving?.digest)
    }
    expect(new Set(digests).size).toBe(4)
  })

  it('G16 is returned by the unsafe accessor only, if the error of a provider holds it', async () => {
    const { reloader, failing, records, rotate, source, clock } = createService()
    await Promise.all([reloader.start(), clock.advance(1_000)])
    failing.add('read')
    source.put(documentOf(2) as never)
    await rotate('any')
    const last = records.at(-1) as TransactionRecord & { failures: readonly Failure[] }
    expect(last.failures[0]?.code).toBe('secret.unreachable')
    expect(secretsIn(show(last))).toEqual([])
    expect(secretsIn(show(last.failures.map(unsafeCause))).length).toBeGreaterThan(0)
  })

  it("G16 is in the log with diagnostics 'full' only if an error holds it", async () => {
    const { reloader, failing, output, rotate, source, clock } = createService({ diagnostics: 'full' })
    await Promise.all([reloader.start(), clock.advance(1_000)])
    await rotate(secret('password-2'))
    expect(secretsIn(output.join('\n'))).toEqual([])
    failing.add('read')
    source.put(documentOf(2) as never)
    await rotate(secret('password-3'))
    expect(secretsIn(output.join('\n')).every((one) => one.includes('read-'))).toBe(true)
    expect(secretsIn(output.join('\n')).length).toBeGreaterThan(0)
  })
})
