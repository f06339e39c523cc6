import { pino as pino10, type StreamEntry } from 'pino'
import { pino as pino9 } from 'pino9'
import { describe, expect, it } from 'vitest'
import { logLevel } from '../../src/appliers/index.ts'
import { moduleHost } from './module-host.ts'

const versions = [
  { version: '10', pino: pino10 },
  { version: '9', pino: pino9 as unknown as typeof pino10 },
]

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

describe.each(versions)('logLevel with a multistream of pino $version', ({ pino }) => {
  /** Makes a logger with one stream for each level; undefined leaves the default, `info`. */
  const make = (streamLevels: readonly (string | undefined)[], level = 'info', options = {}) => {
    const lines: string[][] = streamLevels.map(() => [])
    const streams = streamLevels.map((one, index) => ({
      ...(one === undefined ? {} : { level: one }),
      stream: { write: (line: string) => void lines[index]?.push(JSON.parse(line).msg) },
    })) as StreamEntry[]
    const multi = pino.multistream(streams, options)
    const logger = pino({ level }, multi)
    const host = moduleHost(logLevel(logger))
    /** Writes one line of each level, and returns the most verbose line of each stream. */
    const written = (from: Pick<typeof logger, (typeof levels)[number]> = logger): (string | undefined)[] => {
      for (const one of levels) from[one](one)
      return lines.map((stream) => stream.splice(0)[0])
    }
    return { logger, multi, host, written }
  }

  it('sets a stream with the default level to a lower one, and back', async () => {
    const { logger, host, written } = make([undefined])
    const child = logger.child({})
    expect(written()).toEqual(['info'])
    await host.replace({ level: 'debug' })
    expect([written(), written(child)]).toEqual([['debug'], ['debug']])
    await host.replace({ level: 'warn' })
    expect(written()).toEqual(['warn'])
    await host.replace({ level: 'trace' })
    expect(written()).toEqual(['trace'])
    await host.end()
    expect(written()).toEqual(['info'])
    logger.level = 'trace'
    expect(written()).toEqual(['info']) // the stream filters again as it did
  })

  it('leaves streams alone that are meant to have less', async () => {
    const { host, written } = make(['error', undefined, 'warn', undefined])
    await host.replace({ level: 'debug' })
    expect(written()).toEqual(['error', 'debug', 'warn', 'debug'])
    await host.replace({ level: 'silent' })
    expect(written()).toEqual([undefined, undefined, undefined, undefined])
    await host.end()
    expect(written()).toEqual(['error', 'info', 'warn', 'info'])
  })

  it('leaves the others alone if one stream has the level already', async () => {
    const { host, written } = make(['debug', undefined])
    await host.replace({ level: 'debug' })
    expect(written()).toEqual(['debug', 'info'])
    await host.replace({ level: 'trace' })
    expect(written()).toEqual(['trace', 'info'])
  })

  it('rolls the streams back to exactly what they were', async () => {
    const { host, multi, written } = make(['error', undefined])
    await host.replace({ level: 'debug' })
    const shape = () => [multi.minLevel, multi.streams.map(({ level }) => level)]
    const before = shape()
    const next = await host.prepare({ level: 'trace' })
    const served = host.commit(next)
    expect(written()).toEqual(['error', 'trace'])
    host.rollback(next, served)
    expect(shape()).toEqual(before)
    expect(written()).toEqual(['error', 'debug'])
  })

  it('keeps a level that was set on a stream by hand', async () => {
    const { host, multi, written } = make([undefined])
    await host.replace({ level: 'debug' })
    for (const entry of multi.streams) entry.level = 40 as never
    await host.end()
    expect(written()).toEqual(['warn'])
  })

  it('follows streams in streams, and with dedupe', async () => {
    const lines: string[] = []
    const inner = pino.multistream([{ stream: { write: (line: string) => void lines.push(JSON.parse(line).msg) } }])
    const logger = pino({ level: 'info' }, pino.multistream([{ stream: inner as never }]))
    const host = moduleHost(logLevel(logger))
    await host.replace({ level: 'debug' })
    logger.debug('nested')
    expect(lines).toEqual(['nested'])
    const deduped = make([undefined, 'error'], 'info', { dedupe: true })
    await deduped.host.replace({ level: 'debug' })
    expect(deduped.written()).toEqual(['debug', 'error'])
  })

  it('sets a stream that was added later with the next change', async () => {
    const { host, multi, written } = make(['debug'], 'debug')
    const added: string[] = []
    await host.replace({ level: 'debug' })
    multi.add({ level: 'debug', stream: { write: (line: string) => void added.push(JSON.parse(line).msg) } })
    await host.replace({ level: 'trace' })
    expect([written(), added[0]]).toEqual([['trace'], 'trace'])
  })

  it('only reports a stream that cannot be set', async () => {
    const { host, multi, logger } = make([undefined])
    for (const entry of multi.streams) Object.freeze(entry)
    await host.replace({ level: 'debug' })
    expect(logger.level).toBe('debug')
    expect(host.reports).toEqual([expect.any(TypeError)])
  })
})

describe('logLevel with a worker transport of pino 10', () => {
  const withTargets = (targets: object) => {
    const transport = pino10.transport({ ...targets, worker: { autoEnd: false } } as never)
    const logger = pino10({ level: 'info' }, transport)
    const end = async (): Promise<void> => {
      const closed = new Promise((resolve) => transport.once('close', resolve))
      transport.end()
      await closed
    }
    return { logger, end }
  }
  const devNull = { target: 'pino/file', options: { destination: '/dev/null' } }

  it('reports that targets with levels of their own may drop the lines of a lower level', async () => {
    const { logger, end } = withTargets({ targets: [devNull, { ...devNull, level: 'error' }] })
    const host = moduleHost(logLevel(logger))
    await host.replace({ level: 'warn' })
    expect(host.reports).toEqual([])
    await host.replace({ level: 'debug' })
    expect(logger.level).toBe('debug')
    expect(host.reports).toMatchObject([{ code: 'module.level-filtered' }])
    await end()
  })

  it('reports nothing for a single target, which has no level', async () => {
    const { logger, end } = withTargets(devNull)
    const host = moduleHost(logLevel(logger))
    await host.replace({ level: 'debug' })
    expect(host.reports).toEqual([])
    await end()
  })
})
