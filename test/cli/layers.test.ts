import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { call, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let server: EtcdServer
let folder: string
let key: string
let keys = 0
beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())
afterEach(() => removeFolder(folder))

/** A config of layers; what the test gives stands above the defaults and the file. */
const configOf = (layers: string, more = ''): string => `import { z } from 'zod'
import { etcdSource } from 'changeover/etcd'
import { fileSource } from 'changeover/file'
import { defaults, environment, layers } from 'changeover/layers'
const at = new URL('base.yaml', import.meta.url)
const etcd = (key, more) => ({ source: etcdSource({ hosts: '${server.endpoint}', key, ...more }), name: 'overrides' })
const base = { source: fileSource({ path: at, format: 'yaml' }), name: 'base' }
export default {
  source: layers(${layers}),
  schema: z.strictObject({
    log: z.strictObject({ level: z.enum(['debug', 'info']) }),
    db: z.strictObject({ min: z.int(), max: z.int().max(40) }).refine(({ min, max }) => min <= max, 'min is above max'),
    name: z.string(),
  }),
  public: ['log', 'db'],
  policies: [(next, previous) => { if (previous && next.db.max > 4 * previous.db.max) throw new Error('too steep') }],
  ${more}
}
`

beforeEach(() => {
  key = `/app/layer-${++keys}`
})

const start = async (layers: string, more?: string): Promise<void> => {
  folder = await makeFolder(configOf(layers, more))
  await write('base.yaml', '# base\nlog: { level: info } # quiet\nname: shop\n')
}

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')

/** A process imports its config once, and closes the source at the end: each call gets a copy. */
let copies = 0
const run = async (name: string, ...argv: readonly string[]): Promise<Ended> => {
  const copy = `copy-${++copies}.mjs`
  await write(copy, await read('changeover.config.mjs'))
  return call([name, '--config', copy, ...argv], { cwd: folder })
}
const revision = async (...flags: readonly string[]): Promise<string> =>
  String(jsonOf(await run('get', '--json', ...flags)).revision ?? '0')

const DEFAULTS = 'defaults({ db: { min: 1, max: 10 } })'
const both = (): string => `[${DEFAULTS}, base, { ...etcd('${key}'), optional: true }]`

describe('The command on a layer', () => {
  it('publishes the layer that is named, checked with the other layers as they are', async () => {
    await start(both())
    await write('next.json', '{ "db": { "max": 20 } }')
    const first = await run('publish', 'next.json', '--layer', 'overrides', '--if-revision', '0', '--author', 'Ada')
    expect(first).toMatchObject({ exit: 0, out: expect.stringContaining('+ db') })
    expect(await server.admin(async (client) => client.get(key))).toBe('{ "db": { "max": 20 } }')
    expect((await run('set', 'log.level', 'debug', '--layer', 'base', '--author', 'Ada')).exit).toBe(0)
    expect(await read('base.yaml')).toBe('# base\nlog: { level: debug } # quiet\nname: shop\n')
    const entries = jsonOf(await run('history', '--layer', 'base', '--json')).entries as readonly object[]
    expect(entries).toHaveLength(2)
    const at = await revision('--layer', 'base')
    const back = await run('rollback', '1', '--layer', 'base', '--if-revision', at, '--author', 'Ada')
    expect(back.exit).toBe(0)
    expect(await read('base.yaml')).toContain('level: info')
  })

  it('refuses what only all layers together break, in whichever layer it is changed', async () => {
    await start(both())
    await write('next.json', '{ "db": { "max": 20 } }')
    await run('publish', 'next.json', '--layer', 'overrides', '--if-revision', '0', '--author', 'Ada')
    // The base alone is no config at all; with the others it is one, and its fault is one of all.
    const above = await run('set', 'db.min', '21', '--layer', 'base')
    expect([above.exit, above.err]).toEqual([3, expect.stringContaining('a refinement of the schema')])
    const steep = await run('set', 'db.max', '99', '--layer', 'overrides', '--json')
    expect([steep.exit, jsonOf(steep).error]).toEqual([3, expect.objectContaining({ code: 'schema.invalid' })])
    await write('clash.json', '{ "db": 7 }')
    const clash = await run('plan', 'clash.json', '--layer', 'overrides')
    expect([clash.exit, clash.err]).toEqual([3, expect.stringContaining('document.layer-clash')])
    expect(clash.err).toContain('"overrides"')
  })

  it('asks the policies with what all layers made before, also for the first document of a layer', async () => {
    await start(
      `[defaults({ db: { min: 1, max: 2 }, name: 'x', log: { level: 'info' } }), { ...etcd('${key}'), optional: true }]`,
    )
    await write('next.json', '{ "db": { "max": 9 } }')
    const steep = await run('publish', 'next.json', '--if-revision', '0')
    expect([steep.exit, steep.err]).toEqual([3, expect.stringContaining('policy.refused')])
    await write('next.json', '{ "db": { "max": 8 } }')
    expect((await run('publish', 'next.json', '--if-revision', '0', '--author', 'Ada')).exit).toBe(0)
    expect((await run('plan', 'next.json')).exit).toBe(0)
  })

  it('says that a change has no effect if a layer above hides it', async () => {
    await start(`[${DEFAULTS}, base, environment({ prefix: 'APP_', env: { APP_LOG__LEVEL: 'info' } })]`)
    const set = await run('set', 'log.level', 'debug', '--author', 'Ada')
    expect(set).toMatchObject({ exit: 0, out: expect.stringContaining('The service sees no change') })
    const wrong = await run('set', 'name', '7', '--string')
    expect([wrong.exit, wrong.out]).toEqual([0, expect.not.stringContaining('sees no change')])
  })

  it('needs the name of a layer only if several can be written and nothing else names one', async () => {
    await start(both())
    const open = await run('get', '--json')
    expect([open.exit, jsonOf(open).error]).toEqual([1, expect.objectContaining({ code: 'command.layer-needed' })])
    expect((await run('get', '--file', 'base.yaml')).out).toContain('log.level')
    expect((await run('get', '--key', key)).err).toContain('document.missing')
    expect((await run('get', '--layer', 'other')).err).toContain('defaults, base, overrides')
    expect((await run('get', '--layer', 'defaults')).err).toContain('command.not-writable')
    const named = await call(['get'], { cwd: folder, env: { CHANGEOVER_LAYER: 'base' } })
    expect(named.exit).toBe(0)
  })

  it('refuses the name of a layer if the source has none', async () => {
    folder = await makeFolder(`export default { source: { path: 'config.json' } }`)
    expect(await run('get', '--layer', 'base')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('command.usage'),
    })
  })

  it('finds a layer within layers', async () => {
    await start(`[${DEFAULTS}, { source: layers([base, environment({ prefix: 'APP_', env: {} })]), name: 'own' }]`)
    expect((await run('set', 'log.level', 'debug', '--layer', 'own/base', '--author', 'Ada')).exit).toBe(0)
    expect(await read('base.yaml')).toContain('level: debug')
    const loud = await run('set', 'log.level', 'loud')
    expect([loud.exit, loud.err]).toEqual([3, expect.stringContaining('log.level')])
  })

  it('deletes what a null stands for, as the source does', async () => {
    await start(`[${DEFAULTS}, defaults({ name: 'x' }), base], { nulls: 'delete' }`)
    await write('next.yaml', 'log: { level: info }\nname: null\n')
    expect((await run('check', 'next.yaml')).err).toContain('at name')
  })

  it('gives the parser of the user what the layers make', async () => {
    await start(both(), `parse: (text) => ({ ...JSON.parse(text), name: 'parsed' }),`)
    await write('next.yaml', 'log: { level: debug }\n')
    expect(await run('check', 'next.yaml', '--layer', 'base')).toMatchObject({ exit: 0 })
  })

  it('ends with the fault of a required layer that cannot be read, and leaves an optional one out', async () => {
    const gone = `{ source: etcdSource({ hosts: 'http://127.0.0.1:1', key: '/gone' }), name: 'gone' }`
    await start(`[${DEFAULTS}, base, ${gone}]`)
    const failed = await run('set', 'log.level', 'debug', '--layer', 'base', '--json')
    expect([failed.exit, jsonOf(failed).error]).toEqual([1, expect.objectContaining({ code: 'source.unreachable' })])
    expect(failed.out).toContain('gone')
    await removeFolder(folder)
    await start(`[${DEFAULTS}, base, { ...${gone}, optional: true }]`)
    const set = await run('set', 'log.level', 'debug', '--layer', 'base', '--author', 'Ada')
    expect(set).toMatchObject({ exit: 0, out: expect.stringContaining('Checked without layer gone') })
    const refused = await run('set', 'log.level', 'loud', '--layer', 'base')
    expect([refused.exit, refused.err]).toEqual([1, expect.stringContaining('command.layer-unread')])
    expect(refused.err).toContain('log.level')
  })
})

describe('changeover check on a layer', () => {
  it('merges what needs no network, and says which layers it has not read', async () => {
    await start(
      both().replace(
        'etcd(',
        `((key) => ({ source: etcdSource({ hosts: 'http://127.0.0.1:1', key }), name: 'overrides' }))(`,
      ),
    )
    const valid = await run('check', 'base.yaml', '--json')
    expect(valid.exit).toBe(0)
    expect(jsonOf(valid)).toMatchObject({
      layer: 'base',
      notes: [expect.stringMatching(/without layer overrides \(etcd .*\): check uses no network/)],
    })
    await write('next.json', '{ "db": { "max": 20 } }')
    const layer = await run('check', 'next.json', '--layer', 'overrides')
    expect(layer).toMatchObject({ exit: 0, out: 'next.json is valid as layer overrides.\n' })
    await write('next.json', '{ "db": { "max": 99 } }')
    expect((await run('check', 'next.json', '--layer', 'overrides')).exit).toBe(3)
  })

  it('gives no verdict if a layer that it has not read may decide', async () => {
    await start(`[base, etcd('${key}')]`)
    const open = await run('check', 'base.yaml')
    expect([open.exit, open.err]).toEqual([1, expect.stringContaining('command.layer-unread')])
    expect(open.err).toContain('at db')
    await write('broken.yaml', 'log: [')
    const broken = await run('check', 'broken.yaml', '--layer', 'base')
    expect([broken.exit, broken.err]).toEqual([3, expect.stringContaining('document.malformed')])
  })

  it('does not refuse a file because another file lies on the machine of the service only', async () => {
    await start(`[base, { source: fileSource({ path: '/nowhere/top.json' }), name: 'top' }]`)
    await write('next.yaml', 'log: { level: info }\nname: shop\ndb: { min: 1, max: 2 }\n')
    const ended = await run('check', 'next.yaml', '--layer', 'base')
    expect(ended).toMatchObject({ exit: 0, out: expect.stringContaining('it has no document here') })
  })

  it('names the layer at fault if that is another one', async () => {
    await start(`[${DEFAULTS}, base, environment({ prefix: 'APP_', env: { APP_DB__MAX: 'many' } })]`)
    const ended = await run('check', 'base.yaml')
    expect([ended.exit, ended.err]).toEqual([3, expect.stringContaining('document.bad-variable')])
    expect(ended.err).toContain('"environment"')
    expect(ended.err).not.toContain('many')
  })
})
