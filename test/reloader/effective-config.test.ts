import { describe, expect, it } from 'vitest'
import type { ConfigNode } from '../../src/api/internal/inspected.ts'
import { createVisibility } from '../../src/model/visibility.ts'
import { effectiveConfig } from '../../src/reloader/effective-config.ts'
import type { Path } from '../../src/model/data/not-plain.ts'
import type { Explain } from '../../src/reloader/explain.ts'
import { followedPaths } from '../../src/modules/followed-paths.ts'

const SECRET = 'hunter2-s3cr3t-9f1c'

const deepFreeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) deepFreeze(each)
  return Object.freeze(value)
}

const config = deepFreeze({
  log: { level: 'info', format: 'json' },
  db: { host: 'db.internal', password: SECRET, max: 5, replicas: [{ host: 'r1' }, { host: 'r2' }] },
  tenants: { [`${SECRET}.example`]: { quota: 3 } },
  legacy: { flag: true },
})
type Config = typeof config

const shown = (select: (c: Config) => unknown): readonly string[] =>
  followedPaths(select as (c: unknown) => unknown, config)
    .map((path) => path.join('.'))
    .sort()

describe('The parts of a config that a select follows', () => {
  it.each<[string, (c: Config) => unknown, readonly string[]]>([
    ['an object that it returns', (c) => c.db, ['db']],
    ['a value that it returns', (c) => c.log.level, ['log.level']],
    ['the values of a new object', (c) => ({ level: c.log.level, max: c.db.max }), ['db.max', 'log.level']],
    ['an object within a new object', (c) => ({ db: c.db, n: 1 }), ['db']],
    ['an object within a new array', (c) => [c.log, [c.db.replicas]], ['db.replicas', 'log']],
    ['an item of an array', (c) => c.db.replicas[1]?.host, ['db.replicas.1.host']],
    [
      'an array whose items it maps',
      (c) => c.db.replicas.map(({ host }) => host),
      expect.arrayContaining(['db.replicas']),
    ],
    ['an array that it spreads', (c) => [...c.db.replicas], expect.arrayContaining(['db.replicas'])],
    [
      'an object that it spreads',
      (c) => ({ ...c.log, x: 1 }),
      expect.arrayContaining(['log', 'log.level', 'log.format']),
    ],
    ['an object whose keys it lists', (c) => Object.keys(c.tenants), ['tenants']],
    ['an object that it writes as JSON', (c) => JSON.stringify(c.log), expect.arrayContaining(['log', 'log.level'])],
    ['a value that decides', (c) => (c.legacy.flag ? c.log : undefined), ['legacy.flag', 'log']],
    ['everything', (c) => c, ['']],
    ['nothing', () => ({ fixed: true }), []],
    ['nothing, if it is off', () => undefined, []],
    [
      'everything, if it throws',
      () => {
        throw new Error(SECRET)
      },
      [''],
    ],
    ['everything, if it copies in a way that cannot be followed', (c) => structuredClone(c.db), ['']],
  ])('are %s', (_, select, expected) => {
    expect(shown(select)).toEqual(expected)
  })

  it('are found without a change to the config, even if a select tries to make one', () => {
    const before = JSON.stringify(config)
    expect(shown((c) => Object.assign(c.log, { level: 'debug' }))).toEqual([''])
    expect(shown((c) => delete (c as { legacy?: unknown }).legacy)).toEqual([''])
    expect(JSON.stringify(config)).toBe(before)
  })
})

const schema = {
  properties: {
    log: { properties: { level: {}, format: {} } },
    db: { properties: { host: {}, password: {}, max: {}, replicas: { items: { properties: { host: {} } } } } },
    tenants: { additionalProperties: { properties: { quota: {} } } },
    legacy: { properties: { flag: {} } },
  },
}
const visibility = createVisibility(['log'], schema)

const unexplained: Explain = (path) => {
  const revision = { lineage: 'test', order: 1, name: '1' }
  return { path: visibility.show(path as Path), isServed: true, isRestored: false, revision, origins: [] }
}

const find = (node: ConfigNode, ...keys: readonly string[]): ConfigNode | undefined =>
  keys.reduce((at: ConfigNode | undefined, key) => at?.children?.find((child) => child.key === key), node)

describe('The effective config', () => {
  const followers = [
    { name: 'logger', select: (c: unknown) => (c as Config).log },
    { name: 'pool', select: (c: unknown) => ({ max: (c as Config).db.max, db: (c as Config).db.host }) },
    { name: 'audit', select: (c: unknown) => (c as Config).log.level },
  ]
  const { root, omitted } = effectiveConfig(config, visibility, followers, unexplained)

  it('has the values of public paths, and no other value or name that may be data', () => {
    expect(find(root, 'log', 'level')).toMatchObject({ kind: 'value', value: 'info' })
    expect(find(root, 'db', 'password')).toEqual({ key: 'password', kind: 'value', modules: [], isUnfollowed: true })
    expect(find(root, 'tenants', '*', 'quota')).not.toHaveProperty('value')
    const text = JSON.stringify(root)
    for (const hidden of [SECRET, 'db.internal', 'r1', 'r2', ':5', ':3', ':true,"modules"'])
      expect(text).not.toContain(hidden)
    expect(omitted).toBe(0)
  })

  it('tells objects, arrays and values apart', () => {
    const kinds = [[], ['db'], ['db', 'replicas'], ['db', 'max']].map((keys) => find(root, ...keys)?.kind)
    expect(kinds).toEqual(['object', 'object', 'array', 'value'])
  })

  it('has the modules that follow each part, and marks what nothing follows', () => {
    expect(find(root, 'log')?.modules).toEqual(['logger'])
    expect(find(root, 'log', 'level')?.modules).toEqual(['audit'])
    expect(find(root, 'db', 'max')?.modules).toEqual(['pool'])
    const marks = (...keys: string[]): boolean | undefined => find(root, ...keys)?.isUnfollowed
    expect([marks('log'), marks('log', 'format'), marks('db'), marks('db', 'max')]).toEqual(Array(4).fill(false))
    expect([marks('db', 'password'), marks('db', 'replicas'), marks('tenants'), marks('legacy')]).toEqual(
      Array(4).fill(true),
    )
  })

  it('marks nothing if a module follows all of it, or in a way that is not known', () => {
    const opaque = { name: 'opaque', select: (c: unknown) => structuredClone(c) }
    const tree = effectiveConfig(config, visibility, [opaque], unexplained)
    expect(tree.root.modules).toEqual(['opaque'])
    expect(JSON.stringify(tree)).not.toContain('"isUnfollowed":true')
  })

  it('is cut off if it is very large, and its long values are, too', () => {
    const large = deepFreeze({ log: { level: 'x'.repeat(5_000), list: Array.from({ length: 5_000 }, (_, at) => at) } })
    const tree = effectiveConfig(large, visibility, [], unexplained)
    expect(tree.omitted).toBeGreaterThan(2_900)
    expect(JSON.stringify(tree).length).toBeLessThan(300_000)
    expect(find(tree.root, 'log', 'level')?.value).toHaveLength(501)
  })
})
