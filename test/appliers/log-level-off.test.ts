import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { pino as pino10 } from 'pino'
import { pino as pino9 } from 'pino9'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { logLevel } from '../../src/appliers/index.ts'
import { moduleHost } from './module-host.ts'

const sink = { write: () => undefined }
const own = (logger: object): [PropertyKey, unknown][] =>
  Reflect.ownKeys(logger)
    .filter((key) => key !== 'onChild')
    .map((key) => [key, Reflect.get(logger, key)])

const versions = [
  { version: '10', pino: pino10 },
  { version: '9', pino: pino9 as unknown as typeof pino10 },
]

const Config = z.strictObject({ log: z.strictObject({ level: z.string() }).optional(), max: z.int().optional() })

/** Starts a service whose module `log` sets the level of the logger, after a module that can fail. */
const serve = async (applier: ReturnType<typeof logLevel>, config: z.infer<typeof Config>, soakMs = 0) => {
  const source = memorySource(config)
  const reloader = createReloader({ source, schema: Config, soak: { durationMs: soakMs, intervalMs: 1 } })
    .use('log', (c) => c.log, applier)
    .use(
      'db',
      (c) => c.max,
      {
        prepare: (max: number) => {
          if (max < 0) throw new Error('scripted')
          return { instance: max }
        },
      },
      { after: ['log'] },
    )
  onTestFinished(() => reloader.close())
  await reloader.start()
  return {
    reloader,
    put: async (next: z.infer<typeof Config>) => {
      source.put(next)
      return (await reloader.reload()).outcome
    },
  }
}

describe.each(versions)('logLevel with pino $version, when it is switched off', ({ pino }) => {
  it('restores the level of the logger and of its children', async () => {
    const logger = pino({ level: 'info' }, sink)
    const applier = logLevel(logger)
    const child = logger.child({ part: 'a' })
    const grandchild = child.child({ part: 'b' })
    const verbose = logger.child({}, { level: 'trace' })
    const { put, reloader } = await serve(applier, { log: { level: 'debug' } })
    expect([logger.level, child.level, grandchild.level]).toEqual(['debug', 'debug', 'debug'])
    const late = child.child({})
    expect(await put({})).toBe('committed')
    const all = [logger, child, grandchild, late, verbose]
    expect(all.map(({ level }) => level)).toEqual(['info', 'info', 'info', 'info', 'trace'])
    expect(await put({ log: { level: 'error' } })).toBe('committed')
    expect(all.map(({ level }) => level)).toEqual(['error', 'error', 'error', 'error', 'trace'])
    await reloader.close()
    expect(all.map(({ level }) => level)).toEqual(['info', 'info', 'info', 'info', 'trace'])
  })

  it('restores the level when the reloader closes', async () => {
    const logger = pino({ level: 'warn' }, sink)
    const applier = logLevel(logger)
    const child = logger.child({})
    const { put, reloader } = await serve(applier, { log: { level: 'debug' } })
    await put({ log: { level: 'trace' } })
    await put({ log: { level: 'error' } })
    await reloader.close()
    expect([logger.level, child.level]).toEqual(['warn', 'warn'])
  })

  it('restores the level when the first start fails', async () => {
    const logger = pino({ level: 'warn' }, sink)
    await expect(serve(logLevel(logger), { log: { level: 'debug' }, max: -1 })).rejects.toThrow()
    expect(logger.level).toBe('warn')
  })

  it('keeps the level while another module fails, and if switching off is rolled back', async () => {
    const logger = pino({ level: 'info' }, sink)
    const { put } = await serve(logLevel(logger), { log: { level: 'debug' } })
    expect(await put({ max: -1 })).toBe('rolled-back')
    expect(logger.level).toBe('debug')
    expect(await put({ log: { level: 'trace' }, max: -2 })).toBe('rolled-back')
    expect(logger.level).toBe('debug')
  })

  it('changes nothing in a dry run while it is off', async () => {
    const logger = pino({ level: 'info' }, sink)
    const { reloader } = await serve(logLevel(logger), {})
    await reloader.plan('{ "log": { "level": "debug" } }', { prepare: true })
    expect(logger.level).toBe('info')
  })

  it('restores exactly the properties of the logger and its children after several changes', async () => {
    const logger = pino({ customLevels: { audit: 35 } }, sink)
    const applier = logLevel(logger)
    logger.warn = () => undefined // wrapped, as instrumentations do
    const all = [
      logger,
      logger.child({}),
      logger.child({}, { level: 'debug' }),
      logger.child({}).child({}, { msgPrefix: '> ' }),
    ]
    const before = all.map(own)
    const host = moduleHost(applier)
    for (const level of ['fatal', 'trace', 'silent', 'warn']) await host.replace({ level })
    await host.end()
    expect(all.map(own)).toStrictEqual(before)
    all.forEach((one, index) => {
      for (const [key, value] of before[index] ?? []) expect(Reflect.get(one, key)).toBe(value)
    })
  })

  it('restores a logger that is a child to inheriting its level', async () => {
    const root = pino({ level: 'info' }, sink)
    const logger = root.child({})
    const before = own(logger)
    const host = moduleHost(logLevel(logger))
    await host.replace({ level: 'debug' })
    await host.replace({ level: 'warn' })
    await host.end()
    expect(own(logger)).toStrictEqual(before)
  })

  it('restores the level of its creation, whatever was set by hand since', async () => {
    const logger = pino({ level: 'info' }, sink)
    const host = moduleHost(logLevel(logger))
    logger.level = 'warn'
    const next = await host.prepare({ level: 'debug' })
    host.rollback(next, host.commit(next))
    await host.close(next)
    expect(logger.level).toBe('warn') // nothing of the config has ever served
    await host.replace({ level: 'debug' })
    logger.level = 'trace'
    await host.end()
    expect(logger.level).toBe('info')
  })

  it('leaves the level alone that a child was given meanwhile', async () => {
    const logger = pino({ level: 'info' }, sink)
    const applier = logLevel(logger)
    const child = logger.child({})
    const host = moduleHost(applier)
    await host.replace({ level: 'debug' })
    child.level = 'trace'
    await host.end()
    expect([logger.level, child.level]).toEqual(['info', 'trace'])
  })

  it('restores the level if the last generation is closed after one that failed', async () => {
    const logger = pino({ level: 'info' }, sink)
    const host = moduleHost(logLevel(logger))
    const first = await host.prepare({ level: 'debug' })
    host.commit(first)
    host.commit(undefined) // switched off, but a lease still holds the first generation
    const second = await host.prepare({ level: 'error' })
    host.commit(second)
    await host.close(first)
    expect(logger.level).toBe('error')
    host.rollback(second, undefined)
    await host.close(second)
    expect(logger.level).toBe('info')
  })

  it('only reports what a level-change listener throws then', async () => {
    const logger = pino({ level: 'info' }, sink)
    const host = moduleHost(logLevel(logger))
    await host.replace({ level: 'debug' })
    const thrown = new Error('listener')
    logger.on('level-change', () => {
      throw thrown
    })
    await host.end()
    expect(logger.level).toBe('info')
    expect(host.reports).toEqual([thrown])
  })
})
