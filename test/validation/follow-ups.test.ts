import { createReloader, type ReloaderOptions, type RestartOptions } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'

const Config = z.strictObject({
  http: z.strictObject({ port: z.number(), host: z.string() }),
  db: z.strictObject({ max: z.number(), password: z.string() }),
  banner: z.string().optional(),
  limits: z.record(z.string(), z.number()).optional(),
})
type Config = z.infer<typeof Config>

const S = secret('follow-ups')
const first: Config = { http: { port: 80, host: 'a' }, db: { max: 1, password: S }, banner: S }

/** Starts a service whose only module follows `db.max`. */
const startService = async (options: Partial<ReloaderOptions<Config>> = {}) => {
  const clock = createVirtualClock()
  const source = memorySource(first)
  const lines: { readonly level: string; readonly text: string }[] = []
  const log = (level: string) => (data: object, message: string) =>
    void lines.push({ level, text: `${message} ${JSON.stringify(data)}` })
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const reloader = createReloader<Config>({ source, schema: Config, clock, logger, ...options }).use(
    'db',
    ({ db }) => ({ max: db.max }),
    { prepare: ({ max }) => ({ instance: max }) },
  )
  const started = reloader.start()
  await clock.advance(0)
  await started
  onTestFinished(async () => {
    const closed = reloader.close()
    await clock.advance(30_000)
    await closed
    expect(secretsIn(show([lines, reloader.status()]))).toEqual([])
  })
  return {
    reloader,
    lines,
    /** Puts a document and returns the record of its transaction. */
    put: async (document: object) => {
      source.put(document)
      await clock.advance(100)
      return reloader.status().last
    },
    clock,
  }
}

describe('A change on which no module acts', () => {
  it('is named in the record, in the log and in a plan', async () => {
    const { reloader, put, lines } = await startService()
    const next = { ...first, http: { port: 81, host: 'a' }, banner: `${S}-2`, db: { max: 2, password: S } }
    expect(await reloader.plan(JSON.stringify(next))).toMatchObject({
      verdict: 'changes',
      unfollowed: ['http.port', 'banner'],
    })
    const record = await put(next)
    expect(record).toMatchObject({ outcome: 'committed', unfollowed: ['http.port', 'banner'] })
    expect(record).not.toHaveProperty('restartRequired')
    expect(lines.at(-1)).toMatchObject({ level: 'info' })
    expect(lines.at(-1)?.text).toContain('committed; nothing follows http.port, banner')
  })

  it('is not named if a module, a listener or the service itself follows the path', async () => {
    const { reloader, put } = await startService({ live: ['banner'] })
    reloader.subscribe(
      ({ http }) => http.port,
      () => {},
    )
    const record = await put({ ...first, banner: `${S}-2`, http: { port: 81, host: 'a' }, db: { max: 2, password: S } })
    expect(record).toMatchObject({ outcome: 'committed' })
    expect(record).not.toHaveProperty('unfollowed')
  })

  it('is named for what comes and for what goes, leaf by leaf, with keys that may be data as *', async () => {
    const { put } = await startService()
    const { banner: _, ...rest } = first
    const record = await put({ ...rest, limits: { [S]: 1, [`${S}-2`]: 2 } })
    expect(record).toMatchObject({ unfollowed: ['banner', 'limits.*'] })
    expect(secretsIn(show(record))).toEqual([])
  })

  it('is not looked for in the first config, nor in one that is refused', async () => {
    const { reloader, put } = await startService({ policies: [refuseNegative] })
    expect(reloader.status().last).not.toHaveProperty('unfollowed')
    const record = await put({ ...first, http: { port: -1, host: 'a' } })
    expect(record).toMatchObject({ outcome: 'rejected' })
    expect(record).not.toHaveProperty('unfollowed')
  })

  it('is listed up to 100 paths', async () => {
    const { put } = await startService({ public: ['limits'] })
    const limits = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, index]))
    const record = await put({ ...first, limits })
    expect(record?.unfollowed).toHaveLength(100)
  })
})

function refuseNegative({ http }: { readonly http: { readonly port: number } }): void {
  if (http.port < 0) throw new RangeError('port')
}

describe('A change that needs a restart', () => {
  it('is applied with a warning, and is pending until it is undone', async () => {
    const { reloader, put, lines, clock } = await startService({ restart: ['http'] })
    const record = await put({ ...first, http: { port: 81, host: 'b' } })
    expect(record).toMatchObject({ outcome: 'committed', restartRequired: ['http.port', 'http.host'] })
    expect(record).not.toHaveProperty('unfollowed')
    expect(lines.at(-1)).toMatchObject({ level: 'warn' })
    expect(lines.at(-1)?.text).toContain('committed; a restart is needed for http.port, http.host')
    const since = clock.now() - 100
    expect(reloader.status().restartPending).toEqual({ paths: ['http.port', 'http.host'], since })
    await put({ ...first, http: { port: 81, host: 'a' }, db: { max: 2, password: S } })
    expect(reloader.status().restartPending).toEqual({ paths: ['http.port'], since })
    await put({ ...first, db: { max: 3, password: S } })
    expect(reloader.status()).not.toHaveProperty('restartPending')
  })

  it('counts as such below a slice that a module follows too', async () => {
    const { put } = await startService({ restart: ['db.max'] })
    const record = await put({ ...first, db: { max: 2, password: S } })
    expect(record).toMatchObject({ restartRequired: ['db.max'], modules: [{ module: 'db' }] })
  })

  it.each([
    ['hold', 'restart.held', 'waits for it'],
    ['refuse', 'restart.refused', 'refuses it'],
  ] as const)('is not applied with the policy %s, which plan says too', async (policy, code, text) => {
    const { reloader, put, lines } = await startService({ restart: { paths: ['http.port'], policy } })
    const next = { ...first, http: { port: 81, host: 'b' }, db: { max: 2, password: S } }
    expect(await reloader.plan(JSON.stringify(next))).toMatchObject({ verdict: 'rejected', failures: [{ code }] })
    expect(reloader.status()).not.toHaveProperty('restartPending')
    const record = await put(next)
    expect(record).toMatchObject({ outcome: 'rejected', failures: [{ code, path: 'http.port', phase: 'validating' }] })
    expect(lines.at(-1)?.text).toContain(text)
    expect(reloader.modules.db.current).toBe(1)
    const { waiting, restartPending } = reloader.status()
    const isHeld = policy === 'hold'
    expect(waiting?.reason).toBe(isHeld ? 'restart' : undefined)
    expect(restartPending?.paths).toEqual(isHeld ? ['http.port'] : undefined)
    expect(restartPending?.held?.name).toBe(isHeld ? waiting?.revision.name : undefined)
    // The next document decides anew.
    const after = await put({ ...first, db: { max: 3, password: S } })
    expect(after).toMatchObject({ outcome: 'committed' })
    expect(reloader.modules.db.current).toBe(3)
    expect(reloader.status()).not.toHaveProperty('restartPending')
    expect(reloader.status()).not.toHaveProperty('waiting')
  })

  it('is not held any more once the newest document is broken', async () => {
    const { reloader, put } = await startService({ restart: { paths: ['http.port'], policy: 'hold' } })
    await put({ ...first, http: { port: 81, host: 'a' } })
    expect(reloader.status()).toHaveProperty('restartPending')
    await put({})
    expect(reloader.status()).not.toHaveProperty('restartPending')
    expect(reloader.status()).not.toHaveProperty('waiting')
  })
})

describe('The options live and restart', () => {
  it.each<[string, object, string]>([
    ['live is a text', { live: 'http' }, 'live must be an array'],
    ['live holds an empty path', { live: [''] }, 'live must be an array'],
    ['restart holds a number', { restart: [1] }, 'restart must be an array'],
    ['restart is a text', { restart: 'http' }, 'restart must be an array'],
    ['restart has no paths', { restart: { policy: 'hold' } satisfies Partial<RestartOptions<Config>> }, 'needs paths'],
    ['the policy is unknown', { restart: { paths: ['http'], policy: 'wait' } }, "'warn', 'hold' or 'refuse'"],
    ['restart has another member', { restart: { paths: ['http'], when: 'now' } }, 'restart has no when'],
    ['a path is both', { live: ['http.port'], restart: ['http.port'] }, 'both live and restart'],
  ])('are refused if %s', (_, given, text) => {
    const options = { source: memorySource(first), schema: Config, ...given } as ReloaderOptions<Config>
    expect(() => createReloader(options)).toThrow(text)
  })
})
