import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader, type Reloader, type Schema } from 'changeover'
import { fileSource } from 'changeover/file'
import { defaults, environment, type Layer, layers, type LayersOptions } from 'changeover/layers'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Source } from '../../../src/api/source.ts'

const Config = z.looseObject({
  db: z.looseObject({ max: z.number().optional(), password: z.string().optional() }).optional(),
  hosts: z.array(z.string()).optional(),
  level: z.string().default('info'),
})

const start = async <C>(
  source: Source,
  options: object = {},
  schema: Schema<C> = Config as never,
): Promise<Reloader<C>> => {
  const reloader = createReloader({ source, schema, ...options })
  onTestFinished(() => reloader.close())
  await reloader.start()
  return reloader
}

const inFolder = async (files: Readonly<Record<string, string>>): Promise<(name: string) => string> => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-explain-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return (name) => join(folder, name)
}

const fourLayers = async (options: LayersOptions = {}, more: readonly (Source | Layer)[] = []) => {
  const at = await inFolder({ 'a.yaml': 'db:\n  max: 2\n  password: hunter2\nhosts: [a, b]\n' })
  const source = layers(
    [
      defaults({ db: { max: 1 }, hosts: ['x', 'y', 'z'] }),
      { source: fileSource({ path: at('a.yaml'), format: 'yaml' }), name: 'file' },
      ...more,
      environment({ prefix: 'APP_', env: { APP_DB__MAX: '20' } }),
    ],
    options,
  )
  return { at, reloader: await start(source, { public: ['db.max', 'hosts'] }) }
}

describe('explain', () => {
  it('names the winner first and then what it hides, with layer, place and public values', async () => {
    const { at, reloader } = await fourLayers()
    expect(reloader.explain('db.max')).toMatchObject({
      path: 'db.max',
      isServed: true,
      isRestored: false,
      origins: [
        { layer: 'environment', kind: 'environment', at: 'APP_DB__MAX', value: 20 },
        { layer: 'file', kind: 'file', at: `${at('a.yaml')}:2:8`, isHidden: true, value: 2 },
        { layer: 'defaults', kind: 'defaults', at: 'in the code', isHidden: true, value: 1 },
      ],
    })
    expect(reloader.explain('db.max').origins[0]).not.toHaveProperty('isHidden')
  })

  it('shows no value of a path that is not public', async () => {
    const { at, reloader } = await fourLayers()
    const found = reloader.explain('db.password')
    expect(found.origins).toEqual([{ layer: 'file', kind: 'file', at: `${at('a.yaml')}:3:13` }])
    for (const path of ['db', '', 'db.password'])
      expect(JSON.stringify(reloader.explain(path))).not.toContain('hunter2')
  })

  it('names all layers that have a part of an object, and hides none of them', async () => {
    const { reloader } = await fourLayers()
    for (const path of ['db', '', []]) {
      const { isServed, origins } = reloader.explain(path)
      expect(isServed).toBe(true)
      expect(origins.map(({ layer }) => layer)).toEqual(['environment', 'file', 'defaults'])
      expect(origins.every(({ isHidden }) => isHidden !== true)).toBe(true)
    }
    expect(reloader.explain('').path).toBe('(root)')
  })

  it('takes an array as a whole, so that an item below its end has no other winner', async () => {
    const { at, reloader } = await fourLayers()
    expect(reloader.explain('hosts').origins.map(({ layer, isHidden = false }) => [layer, isHidden])).toEqual([
      ['file', false],
      ['defaults', true],
    ])
    expect(reloader.explain('hosts.0').origins[0]).toMatchObject({ at: `${at('a.yaml')}:4:9`, value: 'a' })
    expect(reloader.explain(['hosts', 1]).origins[0]).toMatchObject({ at: `${at('a.yaml')}:4:12`, value: 'b' })
    const beyond = reloader.explain('hosts.2')
    expect(beyond.isServed).toBe(false)
    expect(beyond.origins).toMatchObject([{ layer: 'defaults', isHidden: true }])
  })

  it('tells a default of the schema from what a layer has', async () => {
    const { reloader } = await fourLayers()
    expect(reloader.explain('level')).toMatchObject({ isServed: true, origins: [{ kind: 'schema' }] })
  })

  it('has no origins for a path that nothing has', async () => {
    const { reloader } = await fourLayers()
    for (const path of [
      'nothing',
      'db.nothing',
      'db.max.deeper',
      'constructor',
      'db.__proto__',
      'hosts.length',
      'db.',
    ]) {
      expect(reloader.explain(path)).toMatchObject({ isServed: false, origins: [] })
    }
  })

  it('finds a key with dots by an array', async () => {
    const { reloader } = await fourLayers({}, [{ source: memorySource({ 'a.b': { 'c.d': 1 } }), name: 'dotted' }])
    expect(reloader.explain('a.b.c.d').origins).toEqual([])
    expect(reloader.explain(['a.b', 'c.d'])).toMatchObject({
      isServed: true,
      origins: [{ layer: 'dotted', kind: 'memory' }],
    })
  })

  it('shows what a layer deletes', async () => {
    const { reloader } = await fourLayers({ nulls: 'delete' }, [
      { source: memorySource({ hosts: null }), name: 'eraser' },
    ])
    const { isServed, origins } = reloader.explain('hosts.0')
    expect(isServed).toBe(false)
    expect(origins.map(({ layer, deletes = false, isHidden = false }) => [layer, deletes, isHidden])).toEqual([
      ['eraser', true, false],
      ['file', false, true],
      ['defaults', false, true],
    ])
  })

  it.each([[5], [null], [{}], [[1.5]], [[null]], [undefined]])('refuses %j as a path', async (path) => {
    const { reloader } = await fourLayers()
    expect(() => reloader.explain(path as never)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })

  it('is refused before something serves', () => {
    const reloader = createReloader({ source: memorySource({}), schema: Config })
    expect(() => reloader.explain('db')).toThrow(expect.objectContaining({ code: 'reloader.not-started' }))
  })

  it('masks keys that may be data', async () => {
    const schema = z.strictObject({ tenants: z.record(z.string(), z.number()) })
    const reloader = await start(layers([memorySource({ tenants: { hunter2: 1 } })]), {}, schema)
    expect(reloader.explain('tenants.hunter2')).toMatchObject({ path: 'tenants.*', isServed: true })
  })

  it.each([
    ['json', '{\n  "db": { "max": 5 }\n}', '2:18'],
    ['jsonc', '// a\n{ "db": { "max": 5, }, }', '2:18'],
    ['yaml', 'db:\n  max: 5', '2:8'],
    ['toml', '[db]\nmax = 5', '2:7'],
  ] as const)('finds the line and column in a file alone: %s', async (format, text, position) => {
    const at = await inFolder({ config: text })
    const reloader = await start(fileSource({ path: at('config'), format }), { public: ['db'] })
    expect(reloader.explain('db.max').origins).toEqual([{ kind: 'file', at: `${at('config')}:${position}`, value: 5 }])
    expect(reloader.explain('db.nothing').origins).toEqual([])
    expect(reloader.explain('level').origins).toMatchObject([{ kind: 'schema' }])
  })

  it('names the source and its revision if the source cannot say more', async () => {
    const reloader = await start(memorySource({ db: { max: 1 } }))
    expect(reloader.explain('db.max').origins).toEqual([{ kind: 'memory', at: 'memory@1' }])
  })

  it('works with a parser of the user', async () => {
    const at = await inFolder({ config: 'max=5' })
    const parse = (text: string) => ({ db: { max: Number(text.split('=')[1]) } })
    const reloader = await start(fileSource({ path: at('config') }), { parse })
    expect(reloader.explain('db.max').origins).toEqual([{ kind: 'file', at: at('config') }])
  })

  it('goes on if the source cannot explain', async () => {
    const inner = memorySource({ db: { max: 1 } })
    const throwing: Source = {
      ...inner,
      read: async (signal) => {
        const found = await inner.read(signal)
        const origins = () => {
          throw new Error('hunter2')
        }
        return found.kind === 'document' ? { ...found, origins } : found
      },
    }
    const reloader = await start(throwing)
    expect(reloader.explain('db.max').origins).toEqual([{ kind: 'memory', at: 'memory@1' }])
  })

  it('says of a restored config that it is one, until the source has been read', async () => {
    const at = await inFolder({ 'a.json': '{"db":{"max":1}}' })
    const options = { lastKnownGood: at('good'), soak: { durationMs: 1 } }
    const first = await start(fileSource({ path: at('a.json') }), options)
    await expect.poll(() => first.status().lastKnownGood).toBeDefined()
    await first.close()
    const dead = memorySource()
    dead.failReads('source.unreachable')
    const second = await start(layers([dead]), options)
    expect(second.explain('db.max')).toMatchObject({ isServed: true, isRestored: true, origins: [{ kind: 'stored' }] })
    expect(second.explain('db.min')).toMatchObject({ isServed: false, isRestored: true, origins: [] })
  })

  it('finds exactly one winner for each leaf of 1,000 in three layers', async () => {
    const leaves = Array.from({ length: 1_000 }, (_, n) => [`g${n % 20}`, `k${n}`] as const)
    const layerOf = (seed: number) => {
      const root: Record<string, Record<string, number>> = {}
      for (const [index, [group, key]] of leaves.entries()) {
        if (seed > 0 && (index * 7 + seed * 3) % (seed + 2) !== 0) continue
        root[group] = { ...root[group], [key]: seed * 10_000 + index }
      }
      return root
    }
    const parts = [layerOf(0), layerOf(1), layerOf(2)]
    const at = await inFolder({ 'a.json': JSON.stringify(parts[0], null, 2), 'b.yaml': JSON.stringify(parts[1]) })
    const schema = z.record(z.string(), z.record(z.string(), z.number()))
    const source = layers([
      { source: fileSource({ path: at('a.json') }), name: '0' },
      { source: fileSource({ path: at('b.yaml'), format: 'yaml' }), name: '1' },
      { source: memorySource(parts[2]), name: '2' },
    ])
    const reloader = await start(source, { public: ['*'] }, schema)
    const config = reloader.config as Readonly<Record<string, Readonly<Record<string, number>>>>
    for (const path of leaves) {
      const { origins } = reloader.explain(path)
      const winners = origins.filter(({ isHidden }) => isHidden !== true)
      const value = config[path[0]]?.[path[1]] ?? -1
      expect(winners).toMatchObject([{ layer: String(Math.floor(value / 10_000)), value }])
      expect(origins).toHaveLength(parts.filter((part) => part[path[0]]?.[path[1]] !== undefined).length)
      expect(origins[0]).toBe(winners[0])
    }
  })
})
