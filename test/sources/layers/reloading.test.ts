import { createReloader, type Failure, isChangeoverError, type TransactionRecord } from 'changeover'
import { defaults, environment, type Layer, layers, type LayersOptions } from 'changeover/layers'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Source } from '../../../src/api/source.ts'

const Config = z.strictObject({
  db: z.strictObject({ max: z.int().min(1), host: z.string(), idleMs: z.number().optional() }),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  hosts: z.array(z.string()).optional(),
})

const base = { db: { max: 1, host: 'base.internal' }, log: { level: 'info' } }

const setUp = (given: readonly (Source | Layer)[], options: LayersOptions = {}) => {
  const clock = createVirtualClock()
  const records: TransactionRecord[] = []
  const reported: Failure[] = []
  const note = (data: object): void => {
    const { changeover } = data as { changeover?: Failure | TransactionRecord }
    if (changeover !== undefined && 'code' in changeover) reported.push(changeover)
  }
  const logger = { debug: () => {}, info: () => {}, warn: note, error: note }
  const reloader = createReloader({
    source: layers(given, options),
    schema: Config,
    clock,
    logger,
    public: ['db.max', 'log'],
  })
  const followed = reloader.transactions()
  void (async () => {
    for await (const record of followed) records.push(record)
  })()
  onTestFinished(async () => {
    const closing = reloader.close()
    await clock.advance(60_000)
    await closing
  })
  const start = async () => {
    const starting = reloader.start()
    starting.catch(() => {})
    await clock.advance(3_000)
    return starting
  }
  return { clock, reloader, records, reported, start, layersOf: () => reloader.status().source.layers ?? [] }
}

const failureOf = (records: readonly TransactionRecord[]): Failure | undefined => {
  const last = records.at(-1)
  return last !== undefined && 'failures' in last ? last.failures[0] : undefined
}

describe('A reloader with layers', () => {
  it('serves the layers as one config, with the last one on top', async () => {
    const [file, etcd] = [memorySource({ db: { max: 2 } }), memorySource({ log: { level: 'warn' } })]
    const { reloader, start } = setUp([
      defaults(base),
      file,
      etcd,
      environment({ prefix: 'APP_', env: { APP_DB__MAX: '20' } }),
    ])
    await start()
    expect(reloader.config).toEqual({ db: { max: 20, host: 'base.internal' }, log: { level: 'warn' } })
  })

  it('makes one transaction of what two layers change within one gathering window', async () => {
    const [low, high] = [memorySource(base), memorySource({ db: { max: 5 } })]
    const { clock, reloader, records, start } = setUp([low, high])
    await start()
    await clock.advance(1_000)
    const before = records.length
    low.put({ ...base, log: { level: 'warn' } })
    await clock.advance(20)
    high.put({ db: { max: 7 } })
    await clock.advance(1_000)
    expect(reloader.config).toMatchObject({ db: { max: 7 }, log: { level: 'warn' } })
    expect(records.slice(before).map(({ outcome }) => outcome)).toEqual(['committed'])
  })

  it('goes on with the last text of a layer that cannot be reached, says since when, and delays no other', async () => {
    const [low, high] = [memorySource(base), memorySource({ db: { max: 5 } })]
    const { clock, reloader, reported, start, layersOf } = setUp([
      { source: low, name: 'file' },
      { source: high, name: 'etcd' },
    ])
    await start()
    high.failReads('source.unreachable')
    high.failWatches('source.unreachable')
    high.breakWatch('source.unreachable')
    const lostAt = clock.now()
    await clock.advance(500)
    low.put({ ...base, log: { level: 'warn' } })
    await clock.advance(200)
    expect(reloader.config).toMatchObject({ db: { max: 5 }, log: { level: 'warn' } })
    const [file, etcd] = layersOf()
    expect(file).toMatchObject({ name: 'file', kind: 'memory', required: true, state: 'watching', found: 'document' })
    expect(file).not.toHaveProperty('stale')
    expect(etcd).toMatchObject({ name: 'etcd', lastError: { code: 'source.unreachable' } })
    expect(etcd?.stale?.since).toBeLessThanOrEqual(lostAt)
    expect(reloader.status().inSync).toBe(false)
    expect(reported).toContainEqual(expect.objectContaining({ code: 'source.layer-stale', layers: ['etcd'] }))
    high.heal()
    high.put({ db: { max: 9 } })
    await clock.advance(10_000)
    expect(reloader.config).toMatchObject({ db: { max: 9 }, log: { level: 'warn' } })
    expect(layersOf().every(({ stale }) => stale === undefined)).toBe(true)
    expect(reloader.status().inSync).toBe(true)
  })

  it('delays no other layer by one whose reads hang', async () => {
    const [low, high] = [memorySource(base), memorySource({ db: { max: 5 } })]
    const { clock, reloader, start } = setUp([low, high])
    await start()
    high.hangReads({ deaf: true })
    high.deliver({ kind: 'changed' })
    await clock.advance(100)
    low.put({ ...base, log: { level: 'warn' } })
    await clock.advance(200)
    expect(reloader.config).toMatchObject({ log: { level: 'warn' } })
    const reloading = reloader.reload()
    await clock.advance(1_500)
    expect((await reloading).outcome).toBe('unchanged')
  })

  it('waits in start for a required layer that was never read, and names it', async () => {
    const low = memorySource(base)
    low.failReads('source.unreachable')
    const { clock, reloader, start } = setUp([{ source: low, name: 'base' }, memorySource({ db: { max: 5 } })])
    const starting = start()
    let isStarted = false
    void starting.then(() => {
      isStarted = true
    })
    await clock.advance(20_000)
    expect(isStarted).toBe(false)
    const { lastError } = reloader.status().source
    expect(lastError?.code).toBe('source.unreachable')
    expect(lastError?.message).toContain('layer "base"')
    low.heal()
    await clock.advance(10_000)
    await starting
    expect(reloader.config).toMatchObject({ db: { max: 5 } })
  })

  it.each([
    ['cannot be reached', 'fail'],
    ['never answers', 'hang'],
  ] as const)('starts without an optional layer that %s, and takes it when it comes', async (_title, fault) => {
    const high = memorySource({ db: { max: 5 } })
    if (fault === 'fail') high.failReads('source.unreachable')
    else high.hangReads()
    const { clock, reloader, start, layersOf } = setUp([
      memorySource(base),
      { source: high, name: 'overrides', optional: true },
    ])
    await start()
    expect(reloader.config.db.max).toBe(1)
    expect(reloader.status().inSync).toBe(false)
    expect(layersOf()[1]).toMatchObject({ required: false })
    expect(layersOf()[1]).not.toHaveProperty('found')
    high.heal()
    await clock.advance(15_000)
    expect(reloader.config.db.max).toBe(5)
    expect(reloader.status().inSync).toBe(true)
  })

  it('starts without an optional layer that has no document, and takes one that comes and goes', async () => {
    const high = memorySource()
    const { clock, reloader, start } = setUp([memorySource(base), { source: high, optional: true }])
    await start()
    expect(reloader.config.db.max).toBe(1)
    expect(reloader.status().inSync).toBe(true)
    high.put({ db: { max: 5 } })
    await clock.advance(1_000)
    expect(reloader.config.db.max).toBe(5)
    high.delete()
    await clock.advance(1_000)
    expect(reloader.config.db.max).toBe(1)
  })

  it.each([
    ['is missing', (high: ReturnType<typeof memorySource>) => high.delete(), 'document.missing'],
    ['is no JSON', (high: ReturnType<typeof memorySource>) => high.put('{"db":{"max":'), 'document.malformed'],
    ['is empty', (high: ReturnType<typeof memorySource>) => high.put(''), 'document.empty'],
    ['is no UTF-8', (high: ReturnType<typeof memorySource>) => high.put(Uint8Array.of(0xff)), 'document.encoding'],
    [
      'has a key twice',
      (high: ReturnType<typeof memorySource>) => high.put('{"db":{},"db":{}}'),
      'document.duplicate-key',
    ],
    [
      'has a forbidden key',
      (high: ReturnType<typeof memorySource>) => high.put('{"__proto__":{}}'),
      'document.forbidden-key',
    ],
    [
      'has a rounded number',
      (high: ReturnType<typeof memorySource>) => high.put('{"db":{"max":9007199254740993}}'),
      'document.number-precision',
    ],
    [
      'is too deep',
      (high: ReturnType<typeof memorySource>) => high.put(`${'['.repeat(101)}${']'.repeat(101)}`),
      'document.too-deep',
    ],
  ])('refuses a change and names the layer that %s, and goes on', async (_title, breakIt, code) => {
    const [low, high] = [memorySource(base), memorySource({ db: { max: 5 } })]
    const { clock, reloader, records, start } = setUp([
      { source: low, name: 'file' },
      { source: high, name: 'etcd' },
    ])
    await start()
    breakIt(high)
    await clock.advance(1_000)
    const failed = failureOf(records)
    expect(failed).toMatchObject({ code, layers: ['etcd'] })
    expect(failed?.message).toContain('layer "etcd"')
    expect(reloader.config.db.max).toBe(5)
    high.put({ db: { max: 6 } })
    await clock.advance(1_000)
    expect(reloader.config.db.max).toBe(6)
  })

  it('refuses a clash of types, and names both layers and the path', async () => {
    const [low, high] = [memorySource(base), memorySource({})]
    const { clock, reloader, records, start } = setUp([
      { source: low, name: 'file' },
      { source: high, name: 'etcd' },
    ])
    await start()
    high.put({ db: 'hunter2-s3cr3t' })
    await clock.advance(1_000)
    expect(failureOf(records)).toMatchObject({ code: 'document.layer-clash', layers: ['file', 'etcd'], path: 'db' })
    expect(JSON.stringify(records)).not.toContain('hunter2')
    expect(reloader.config.db.max).toBe(1)
  })

  it('rejects the start for a broken layer', async () => {
    const { start } = setUp([memorySource(base), { source: memorySource('{'), name: 'etcd', optional: true }])
    const error = await start().catch((reason: unknown) => reason)
    expect(isChangeoverError(error) && error.failures[0]).toMatchObject({
      code: 'document.malformed',
      layers: ['etcd'],
    })
  })

  it('never goes back in one layer, whatever an older read or a late event says', async () => {
    const [low, high] = [memorySource(base), memorySource({ db: { max: 5 } })]
    const { clock, reloader, start } = setUp([low, high])
    await start()
    const older = await high.read(new AbortController().signal)
    high.put({ db: { max: 6 } })
    await clock.advance(1_000)
    high.deliver(older)
    await clock.advance(1_000)
    expect(reloader.config.db.max).toBe(6)
    high.staleReads(2)
    high.deliver({ kind: 'changed' })
    low.put({ ...base, log: { level: 'warn' } })
    await clock.advance(1_000)
    expect(reloader.config).toMatchObject({ db: { max: 6 }, log: { level: 'warn' } })
  })

  it('takes what replaces the wiped store of one layer', async () => {
    const [low, high] = [memorySource(base), memorySource({ db: { max: 5 } })]
    const { clock, reloader, start } = setUp([low, high])
    await start()
    high.wipe()
    high.put({ db: { max: 8 } })
    await clock.advance(5_000)
    expect(reloader.config.db.max).toBe(8)
    low.put({ ...base, log: { level: 'warn' } })
    await clock.advance(1_000)
    expect(reloader.config).toMatchObject({ db: { max: 8 }, log: { level: 'warn' } })
  })

  it('deletes what is null, if that is asked for', async () => {
    const [low, high] = [memorySource({ ...base, hosts: ['a'] }), memorySource({ hosts: null })]
    const { clock, reloader, start } = setUp([low, high], { nulls: 'delete' })
    await start()
    expect(reloader.config).toEqual(base)
    high.put({})
    await clock.advance(1_000)
    expect(reloader.config.hosts).toEqual(['a'])
  })

  it('names revisions by those of the layers', async () => {
    const [low, high] = [memorySource(base), memorySource({})]
    const { clock, reloader, start } = setUp([defaults({}), low, high])
    await start()
    expect(reloader.status().serving?.revision.name).toBe('1+1')
    high.put({ db: { max: 3 } })
    await clock.advance(1_000)
    expect(reloader.status().serving?.revision.name).toBe('1+2')
  })
})

describe('The options of layers', () => {
  const source = memorySource({})
  it.each([
    ['no layers', () => layers([])],
    ['something else than an array', () => layers({} as never)],
    ['something else than a source', () => layers([{} as never])],
    ['one source twice', () => layers([source, source])],
    [
      'one name twice',
      () =>
        layers([
          { source, name: 'a' },
          { source: memorySource(), name: 'a' },
        ]),
    ],
    ['an empty name', () => layers([{ source, name: '' }])],
    ['an unknown option of a layer', () => layers([{ source, required: false } as never])],
    ['an unknown option', () => layers([source], { null: 'delete' } as never)],
    ['nulls of another kind', () => layers([source], { nulls: 'drop' } as never)],
    ['a window that is too long', () => layers([source], { gatherMs: 5_001 })],
    ['defaults that are no object', () => defaults([] as never)],
    ['defaults with a date', () => defaults({ at: new Date(0) })],
    ['defaults with a bigint', () => defaults({ at: 1n })],
    ['defaults with a function', () => defaults({ at: () => 1 })],
    ['an environment without a prefix', () => environment({ prefix: '' })],
  ])('refuse %s', (_title, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })

  it('give layers of one kind names of their own', () => {
    const made = layers([memorySource(), memorySource(), { source: memorySource(), name: 'memory-3' }, memorySource()])
    expect(made.layers?.().map(({ name }) => name)).toEqual(['memory', 'memory-2', 'memory-3', 'memory-4'])
  })
})
