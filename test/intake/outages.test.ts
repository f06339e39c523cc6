import { createReloader, SourceError } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'

const S = secret('source')

interface Line {
  readonly level: string
  readonly message: string
  readonly data: Readonly<Record<string, unknown>>
}

const createService = () => {
  const clock = createVirtualClock()
  const inner = memorySource({ max: 1 })
  const lines: Line[] = []
  const log = (level: string) => (data: object, message: string) =>
    void lines.push({ level, message, data: { ...data } })
  const state: { error: (() => unknown) | undefined; breaks: () => void } = { error: undefined, breaks: () => {} }
  const failing = () => {
    if (state.error !== undefined) throw state.error()
  }
  const source = {
    name: 'etcd',
    endpoint: 'http://127.0.0.1:2379 /app/config',
    read: async (signal: AbortSignal) => {
      failing()
      return inner.read(signal)
    },
    watch: async function* (after: Parameters<typeof inner.watch>[0], signal: AbortSignal) {
      failing()
      const broken = new Promise<never>((_, reject) => {
        state.breaks = () => reject(state.error?.() ?? new SourceError('source.closed'))
      })
      broken.catch(() => {})
      const events = inner.watch(after, signal)[Symbol.asyncIterator]()
      for (;;) {
        const next = await Promise.race([events.next(), broken])
        if (next.done) return
        yield next.value
      }
    },
    close: () => inner.close(),
  }
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const reloader = createReloader({ source, schema: z.object({ max: z.number() }), logger, clock, random: () => 0.5 })
  const seen = (): Line[] => lines.filter(({ level, message }) => level !== 'debug' && message.includes('source'))
  return { clock, reloader, state, seen, lines }
}

const unavailable = (): unknown =>
  new SourceError('source.unreachable', Object.assign(new Error(S), { code: 14, details: S }))

describe('An outage of the source', () => {
  it('is one line when it begins and one when it ends, with its length', async () => {
    const { clock, reloader, state, seen, lines } = createService()
    const started = reloader.start()
    await clock.advance(10_000)
    await started
    state.error = unavailable
    state.breaks()
    await clock.advance(60_000)
    expect(seen()).toHaveLength(1)
    const [lost] = seen()
    expect(lost).toMatchObject({ level: 'warn', data: { code: 'source.unreachable', phase: 'fetching' } })
    expect(lost?.message).toBe(
      'The source is lost: The source cannot be reached (etcd http://127.0.0.1:2379 /app/config, phase fetching, cause Error UNAVAILABLE). Check that the source is running, and that its address is correct: the port too, and http:// or https://. The serving config stays in use; the source is read again with back-off.',
    )
    expect(lines.filter(({ level }) => level === 'debug').length).toBeGreaterThan(5)
    state.error = undefined
    await clock.advance(20_000)
    expect(seen()).toHaveLength(2)
    const back = seen()[1]
    expect(back).toMatchObject({ level: 'info', data: { source: 'etcd', code: 'source.unreachable' } })
    expect(back?.message).toMatch(
      /^The source is back after 6\d s \(etcd http:\/\/127\.0\.0\.1:2379 \/app\/config, \d+ failures, the last source\.unreachable\)$/,
    )
    expect(Number.isInteger(back?.data.durationMs)).toBe(true)
    expect(secretsIn(show(lines))).toEqual([])
    await reloader.close()
  })

  it('is one outage if the source comes and goes', async () => {
    const { clock, reloader, state, seen } = createService()
    const started = reloader.start()
    await clock.advance(10_000)
    await started
    for (let round = 0; round < 10; round++) {
      state.breaks()
      await clock.advance(1_500)
    }
    await clock.advance(20_000)
    expect(seen().filter(({ level }) => level === 'warn')).toHaveLength(1)
    expect(seen().filter(({ level }) => level === 'info').length).toBeLessThanOrEqual(2)
    expect(seen().at(-1)?.message).toContain('The source is back after')
    await reloader.close()
  })

  it('promises no serving config before the first one', async () => {
    const { clock, reloader, state, seen } = createService()
    state.error = unavailable
    const started = reloader.start({ deadlineMs: 30_000 }).catch((error: unknown) => error)
    await clock.advance(40_000)
    const error = (await started) as Error
    const { lastError } = reloader.status().source
    for (const text of [seen()[0]?.message, lastError?.hint, error.message, show(error)]) {
      expect(text).not.toMatch(/serving config stays|keeps serving/)
    }
    expect(lastError?.hint).toContain('No config serves yet; the source is read again with back-off.')
    expect(seen()).toHaveLength(1)
  })

  it.each([
    [
      'errno',
      Object.assign(new Error(S), { code: 'EACCES', path: S }),
      'source.denied',
      'cause Error EACCES permission denied',
    ],
    [
      'gRPC',
      Object.assign(new Error(S), { code: 16, details: S }),
      'source.unauthenticated',
      'cause Error UNAUTHENTICATED',
    ],
    [
      'TLS',
      Object.assign(new Error(S), { code: 'CERT_HAS_EXPIRED' }),
      'source.tls',
      'CERT_HAS_EXPIRED certificate has expired',
    ],
  ] as const)('names endpoint, key and code: %s', async (_, cause, code, text) => {
    const { clock, reloader, state, seen, lines } = createService()
    state.error = () => new SourceError(code, cause)
    const started = reloader.start({ deadlineMs: 1_000 }).catch(() => {})
    await clock.advance(2_000)
    await started
    expect(seen()[0]?.message).toContain('etcd http://127.0.0.1:2379 /app/config')
    expect(seen()[0]?.message).toContain(text)
    expect(secretsIn(show(lines))).toEqual([])
  })
})
