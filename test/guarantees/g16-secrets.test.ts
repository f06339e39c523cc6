import { inspect } from 'node:util'
import {
  type ChangeoverError,
  createReloader,
  type Failure,
  type TransactionRecord,
  timedTree,
  unsafeCause,
} from 'changeover'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InspectionEvent } from 'xstate'
import { CARD, errorWithSecrets, secret, secretsIn, show } from '../support/secrets.ts'
import {
  badDocuments,
  closeService,
  configOf,
  createLeakyService,
  failHook,
  hooks,
  publishBadDocuments,
  publishConfigs,
  type Service,
  startLeakyService,
  valibotSchema,
  zodSchema,
} from './leaky-service.ts'

const { frames, actors } = vi.hoisted(() => ({
  frames: [] as string[],
  actors: [] as { readonly id: string; readonly getPersistedSnapshot: () => unknown }[],
}))

// Observes all machines as an inspector does: every actor, event, input, output and snapshot.
vi.mock(import('xstate'), async (original) => {
  const { inspect: look } = await import('node:util')
  const xstate = await original()
  // Leaves out the machine, which is part of every snapshot and action, and is always the same.
  const show = (event: InspectionEvent): void => {
    const frame = event as { readonly event?: unknown; readonly snapshot?: object }
    const { context, status, output, error, input } = (frame.snapshot ?? {}) as Record<string, unknown>
    const seen = { event: frame.event, context, status, output, error, input }
    frames.push(look(seen, { depth: 10, showHidden: true }), JSON.stringify(seen))
  }
  const createActor = ((logic: never, options: object) => {
    const actor = xstate.createActor(logic, { ...options, inspect: show } as never)
    actors.push(actor as never)
    return actor
  }) as unknown as typeof xstate.createActor
  return { ...xstate, createActor }
})

/** Collects everything that a service shows without the unsafe accessor. */
const shownBy = ({ reloader, output, records }: Service): string =>
  [
    ...output,
    ...records.flatMap((record) => [show(record), timedTree(record)]),
    show(reloader.status()),
    ...frames,
    ...actors.map((actor) => show(actor.getPersistedSnapshot())),
  ].join('\n')

const noise: unknown[] = []
const note = (...data: unknown[]): boolean => {
  noise.push(...data)
  return true
}
beforeEach(() => {
  frames.length = 0
  actors.length = 0
  noise.length = 0
  process.on('warning', note)
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation(note)
})
afterEach(() => {
  process.off('warning', note)
  vi.restoreAllMocks()
  expect(noise).toEqual([])
})

const schemas = [
  ['zod', zodSchema],
  ['valibot', valibotSchema],
] as const

describe('G16 No config value is shown unless its path is public', () => {
  it.each(schemas)('G16 by documents that are rejected, by %s', async (_, schema) => {
    const service = await startLeakyService({ schema })
    await publishBadDocuments(service)
    expect(service.records.filter(({ outcome }) => outcome === 'rejected').length).toBe(badDocuments.length)
    await closeService(service)
    expect(secretsIn(shownBy(service))).toEqual([])
  })

  it.each(schemas)('G16 by documents that are rejected at the start, by %s', async (_, schema) => {
    for (const document of badDocuments) {
      const service = createLeakyService({ schema })
      service.source.put(document)
      const started = service.reloader.start().catch((error: unknown) => error)
      await service.clock.advance(500)
      const error = await started
      expect(error).toMatchObject({ name: 'ChangeoverError' })
      expect(secretsIn(`${show(error)}\n${shownBy(service)}`)).toEqual([])
    }
  })

  it.each(schemas)('G16 by configs that serve, change, are planned and are rolled back, by %s', async (_, schema) => {
    const service = await startLeakyService({ schema })
    const { reloader, output } = service
    await publishConfigs(service)
    expect(reloader.config.db.password).toBe(secret('password-8'))
    output.push(inspect(reloader, { depth: 10, showHidden: true }))
    await closeService(service)
    expect(secretsIn(shownBy(service))).toEqual([])
  })

  it.each(hooks)('G16 by user code that throws: %s', async (hook) => {
    const service = await startLeakyService()
    await failHook(service, hook)
    await closeService(service)
    expect(service.thrown.length).toBeGreaterThan(0)
    expect(secretsIn(shownBy(service))).toEqual([])
  })

  it('G16 by the error of a start when the source fails with a revealing error', async () => {
    const service = createLeakyService()
    service.failing.add('read')
    const started = service.reloader.start({ deadlineMs: 1_000 }).catch((error: unknown) => error)
    await service.clock.advance(2_000)
    const error = (await started) as ChangeoverError
    expect(error.failures.map(({ code }) => code)).toEqual(['reloader.start-timeout', 'source.unreachable'])
    expect(secretsIn(`${show(error)}\n${shownBy(service)}`)).toEqual([])
  })

  it('G16 by an error that imitates an error of the source, including its code', async () => {
    const service = createLeakyService()
    const forged = Object.assign(new Error(secret('forged')), { name: 'SourceError', code: secret('forged-code') })
    const reloader = createReloader({
      source: { ...service.source, read: () => Promise.reject(forged) },
      schema: zodSchema,
      clock: service.clock,
    })
    const started = reloader.start({ deadlineMs: 1_000 }).catch((error: unknown) => error)
    await service.clock.advance(2_000)
    expect(secretsIn(`${show(await started)}\n${show(reloader.status())}\n${frames.join('\n')}`)).toEqual([])
    expect(reloader.status().source.lastError?.code).toBe('source.failed')
  })
})

describe('G16 These tests', () => {
  it('G16 would notice a leak: secrets are found in values, errors and texts, and all machines are observed', async () => {
    expect(secretsIn(show({ deep: { config: configOf(1) } })).sort()).toEqual([
      CARD,
      secret('host-1'),
      secret('password-1'),
      secret('user-1'),
    ])
    expect(secretsIn(show(errorWithSecrets('an'))).length).toBeGreaterThanOrEqual(5)
    const service = await startLeakyService()
    service.source.put(configOf(2))
    await service.clock.advance(1_000)
    expect(secretsIn(show(service.reloader.config))).toContain(secret('password-2'))
    const watched = frames.join('\n')
    for (const event of ['watch.opened', 'watch.reported', 'source.changed', 'xstate.done.actor'])
      expect(watched).toContain(event)
    expect(actors.map(({ id }) => id).sort()).toEqual(['admission', 'reload', 'watch'])
    expect(service.output.join('')).toContain('committed')
    await closeService(service)
  })
})

describe('G16 What is public is shown', () => {
  it('G16 in a plan: only the values below public paths', async () => {
    const service = await startLeakyService()
    const report = await service.reloader.plan(JSON.stringify(configOf(2)))
    expect(report).toMatchObject({ verdict: 'changes', diff: { count: 6 } })
    const differences = 'diff' in report ? report.diff.differences : []
    expect(differences.filter((one) => 'from' in one || 'to' in one)).toEqual([
      { path: 'log.level', change: 'changed', from: 'info', to: 'debug' },
    ])
    expect(differences.map(({ path }) => path)).toEqual([
      'log.level',
      'db.max',
      'db.password',
      'users.*',
      'users.*',
      'hosts.0',
    ])
    expect(secretsIn(show(report))).toEqual([])
    await closeService(service)
  })

  it('G16 with all keys and values below, if a record is public', async () => {
    const service = await startLeakyService({ public: ['users'] })
    const report = show(await service.reloader.plan(JSON.stringify(configOf(2))))
    expect(secretsIn(report).sort()).toEqual([secret('user-1'), secret('user-2')])
    await closeService(service)
  })
})

describe('G16 The unsafe accessor', () => {
  it.each(['prepare', 'commit', 'check', 'apply', 'health', 'policy', 'parse', 'schema', 'select'] as const)(
    'G16 returns the original error, and is the only way to it: %s',
    async (hook) => {
      const service = await startLeakyService()
      service.failing.add(hook)
      service.source.put(configOf(2))
      await service.clock.advance(1_000)
      const last = service.records.at(-1) as TransactionRecord & { failures: readonly Failure[] }
      const original = last.failures.map((failure) => unsafeCause(failure))
      expect(original).toContain(service.thrown[0])
      expect(secretsIn(show(last))).toEqual([])
      expect(secretsIn(show(structuredClone(last)))).toEqual([])
      service.failing.clear()
      await closeService(service)
    },
  )

  it("G16 returns a schema's issue and the error of the JSON parser", async () => {
    const service = createLeakyService({ parse: JSON.parse })
    for (const [document, original] of [
      ['{"a":S3cR3t', SyntaxError],
      [badDocuments[3] ?? '', Object],
    ] as const) {
      const report = await service.reloader.plan(document)
      const [failure] = report.failures
      expect(failure === undefined ? undefined : unsafeCause(failure)).toBeInstanceOf(original)
      expect(secretsIn(show(report))).toEqual([])
    }
    await closeService(service)
  })
})
