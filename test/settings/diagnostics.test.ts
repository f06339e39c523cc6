import { createReloader, type ReloaderOptions } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'

const S = secret('diagnostics')
const schema = z.strictObject({ max: z.number() })
type Options = Partial<ReloaderOptions<z.infer<typeof schema>>>

const run = async (options: Options) => {
  const clock = createVirtualClock()
  const source = memorySource({ max: 1 })
  const lines: { level: string; data: object; message: string }[] = []
  const log = (level: string) => (data: object, message: string) => void lines.push({ level, data, message })
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const reloader = createReloader({ source, schema, logger, clock, ...options })
  reloader.use('db', ({ max }) => max, {
    prepare: (max: number) => {
      if (max === 2) throw new RangeError(S, { cause: new Error(`${S}-cause`) })
      return { instance: max }
    },
  })
  const events: unknown[] = []
  const started = reloader.start()
  await clock.advance(100)
  await started
  source.put({ max: 2 })
  await clock.advance(100)
  source.put({ max: S })
  await clock.advance(100)
  source.put(`{"max": ${S}`)
  await clock.advance(100)
  const status = reloader.status()
  await reloader.close()
  return { lines, status, events }
}

const create = (options: object) => () => createReloader({ source: memorySource(), schema, ...(options as Options) })

afterEach(() => void vi.unstubAllEnvs())

describe('The option diagnostics', () => {
  it('is off by default: no original message is logged', async () => {
    const { lines, status } = await run({})
    expect(secretsIn(show([lines, status]))).toEqual([])
    expect(JSON.stringify(lines)).not.toContain('diagnostics.full')
  })

  it.each([{ diagnostics: 'full' }, { diagnostics: { level: 'full', inProduction: true } }] as const)(
    'gives original messages and stacks to the logger, and to nothing else: $diagnostics',
    async (options) => {
      if (typeof options.diagnostics === 'object') vi.stubEnv('NODE_ENV', 'production')
      const { lines, status } = await run(options)
      const prepared = lines.find(({ message }) => message.includes('RangeError'))
      expect(prepared?.message).toContain(`RangeError: ${S}`)
      expect(prepared?.data).toMatchObject({
        originals: [
          { name: 'RangeError', message: S, stack: expect.stringContaining('diagnostics.test.ts') },
          { message: `${S}-cause` },
        ],
      })
      expect(lines.some(({ message }) => message.includes('Invalid input: expected number'))).toBe(true)
      expect(secretsIn(show(status))).toEqual([])
      expect(secretsIn(show(lines.map(({ data }) => (data as { changeover: unknown }).changeover)))).toEqual([])
      const warnings = lines.filter(({ data }) => JSON.stringify(data).includes('diagnostics.full'))
      expect(warnings.map(({ level }) => level)).toEqual(['warn'])
    },
  )

  it('is refused in production unless that is forced', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(create({ diagnostics: 'full' })).toThrow('reloader.invalid-option')
    expect(create({ diagnostics: { level: 'full' } })).toThrow('NODE_ENV=production')
    expect(create({ diagnostics: { level: 'full', inProduction: true } })).not.toThrow()
    expect(create({ diagnostics: 'redacted' })).not.toThrow()
    vi.stubEnv('NODE_ENV', 'development')
    expect(create({ diagnostics: 'full' })).not.toThrow()
  })

  it.each(['all', true, {}, null, { level: 'none' }, { level: 'full', inProduction: 1 }, { level: 'full', x: 1 }])(
    'is refused if it is %j',
    (diagnostics) => {
      expect(create({ diagnostics })).toThrow('reloader.invalid-option')
    },
  )
})

describe('A log line', () => {
  it('has module, phase, revision, outcome, code and a rounded duration as fields', async () => {
    const { lines } = await run({})
    const committed = lines.find(({ message }) => message.endsWith('committed'))
    expect(committed?.data).toMatchObject({ outcome: 'committed', trigger: 'start', revision: expect.any(String) })
    const rolledBack = lines.find(({ message }) => message.includes('rolled-back'))
    expect(rolledBack?.data).toMatchObject({
      outcome: 'rolled-back',
      code: 'module.prepare-failed',
      module: 'db',
      phase: 'prepare',
      revision: expect.any(String),
      transaction: expect.any(String),
    })
    for (const { data } of lines) {
      const { durationMs = 0 } = data as { durationMs?: number }
      expect(Math.round(durationMs * 10) / 10).toBe(durationMs)
    }
  })

  it('is mirrored by status().last, whose failures need no cast', async () => {
    const { status } = await run({})
    const code: string | undefined = status.last?.failures?.[0]?.code
    expect(code).toBe('document.malformed')
  })
})
