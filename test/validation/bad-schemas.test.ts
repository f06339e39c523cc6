import type { SchemaIssue, SchemaResult } from 'changeover'
import { describe, expect, it } from 'vitest'
import {
  type Config,
  createService,
  expectNothingUnhandled,
  expectRejected,
  expectStartRejected,
  good,
  type Rejection,
  SECRET,
  schemaOf,
  startService,
  throwing,
} from './service.ts'

type Answer = SchemaResult<Config> | Promise<SchemaResult<Config>>

interface BadSchema extends Rejection {
  readonly what: string
  /** Returns what the schema does with the document that it is to spoil. */
  readonly answer: () => unknown
  /** The path once a config serves that has some of its names. */
  readonly servedPath?: string
}

const returning = (value: unknown): Answer => ({ value: value as Config })
const refusing = (issues: unknown): Answer => ({ issues: issues as SchemaIssue[] })
const within = (password: unknown) => (): Answer => returning({ ...good, db: { max: 1, password } })

const fail = (): never => {
  throw new Error(SECRET)
}
const hostile = (): object =>
  new Proxy({}, { get: fail, getPrototypeOf: fail, ownKeys: fail, has: fail, getOwnPropertyDescriptor: fail })
class Secretive {
  readonly value = SECRET
}
const cycle = (): object => {
  const db: Record<string, unknown> = { max: 1, password: SECRET }
  db.again = db
  return db
}
const sparse: unknown[] = [1]
sparse[3] = SECRET

const notPlain = { code: 'config.not-plain', path: '*.*', servedPath: 'db.password' } as const
const threw: Rejection = { code: 'schema.threw' }

const badSchemas: readonly BadSchema[] = [
  { what: 'throws', answer: fail, ...threw },
  {
    what: 'throws null',
    answer: throwing(null),
    ...threw,
  },
  {
    what: 'throws undefined',
    answer: throwing(undefined),
    ...threw,
  },
  {
    what: 'throws a hostile Proxy',
    answer: () => {
      throw hostile()
    },
    ...threw,
  },
  { what: 'is async and rejects', answer: async () => fail(), ...threw },
  { what: 'is async and never answers', answer: () => new Promise(() => {}), code: 'schema.timeout' },
  { what: 'returns a thenable that throws', answer: () => ({ then: fail }), ...threw },
  { what: 'returns a thenable that never settles', answer: () => ({ then: () => {} }), code: 'schema.timeout' },
  { what: 'answers undefined', answer: () => undefined, ...threw },
  { what: 'answers null', answer: () => null, ...threw },
  { what: 'returns a hostile Proxy', answer: hostile, ...threw },
  {
    what: 'returns neither a value nor issues',
    answer: () => ({}),
    code: 'config.not-plain',
    path: '(root)',
    kind: 'missing',
  },
  { what: 'returns issues that are not a list', answer: () => refusing(SECRET), ...threw },
  { what: 'returns an issue that is null', answer: () => refusing([null]), ...threw },
  {
    what: 'returns an issue whose path is not a list',
    answer: () => refusing([{ message: SECRET, path: 7 }]),
    ...threw,
  },
  {
    what: 'returns an issue of getters that throw',
    answer: () => refusing([Object.defineProperty({}, 'path', { get: fail })]),
    ...threw,
  },
  {
    what: 'returns an issue whose path has a hostile key',
    answer: () => refusing([{ message: SECRET, path: [{ key: hostile() }] }]),
    ...threw,
  },
  { what: 'returns an empty list of issues', answer: () => refusing([]), code: 'schema.invalid' },
  {
    what: 'returns keys and symbols as a path',
    answer: () => refusing([{ message: SECRET, path: [{ key: SECRET }, Symbol(SECRET), SECRET] }]),
    code: 'schema.invalid',
    path: '*.*.*',
    kind: 'missing',
  },
  {
    what: 'returns a number as the key of an object',
    answer: () => refusing([{ message: SECRET, path: ['db', 4711] }]),
    code: 'schema.invalid',
    path: '*.*',
    servedPath: 'db.*',
    kind: 'missing',
  },
  { what: 'turns the whole into a string', answer: () => returning(SECRET), code: 'config.not-plain', kind: 'string' },
  { what: 'turns the whole into null', answer: () => returning(null), code: 'config.not-plain', kind: 'null' },
  { what: 'makes a Date', answer: within(new Date()), ...notPlain, kind: 'other' },
  { what: 'makes a Map', answer: within(new Map([[SECRET, SECRET]])), ...notPlain, kind: 'other' },
  { what: 'makes a Set', answer: within(new Set([SECRET])), ...notPlain, kind: 'other' },
  { what: 'makes a RegExp', answer: within(new RegExp(SECRET)), ...notPlain, kind: 'other' },
  { what: 'makes bytes', answer: within(Buffer.from(SECRET)), ...notPlain, kind: 'other' },
  { what: 'makes an instance of a class', answer: within(new Secretive()), ...notPlain, kind: 'other' },
  { what: 'makes a boxed string', answer: within(Object(SECRET)), ...notPlain, kind: 'other' },
  { what: 'makes a promise', answer: within(Promise.resolve(SECRET)), ...notPlain, kind: 'other' },
  {
    what: 'makes a promise that rejects',
    answer: () => within(Promise.reject(new Error(SECRET)))(),
    ...notPlain,
    kind: 'other',
  },
  { what: 'makes a function', answer: within(() => SECRET), ...notPlain, kind: 'other' },
  { what: 'makes a symbol', answer: within(Symbol(SECRET)), ...notPlain, kind: 'other' },
  {
    what: 'makes an object with a symbol as a key',
    answer: within({ [Symbol(SECRET)]: SECRET }),
    ...notPlain,
    kind: 'other',
  },
  { what: 'makes NaN', answer: within(Number.NaN), ...notPlain, kind: 'number' },
  { what: 'makes Infinity', answer: within(Number.POSITIVE_INFINITY), ...notPlain, kind: 'number' },
  {
    what: 'makes an array with holes',
    answer: within(sparse),
    code: 'config.not-plain',
    path: '*.*.1',
    servedPath: 'db.password.1',
    kind: 'missing',
  },
  {
    what: 'makes an array of undefined',
    answer: within([undefined]),
    code: 'config.not-plain',
    path: '*.*.0',
    servedPath: 'db.password.0',
    kind: 'missing',
  },
  {
    what: 'makes a cycle',
    answer: () => returning({ ...good, db: cycle() }),
    code: 'document.too-deep',
    path: `${'*.'.repeat(16)}…`,
    servedPath: `db.${'*.'.repeat(15)}…`,
    kind: 'object',
  },
  {
    what: 'makes a getter that throws',
    answer: within(Object.defineProperty({}, SECRET, { get: fail, enumerable: true })),
    ...threw,
  },
  { what: 'makes a Proxy that throws', answer: within(hostile()), ...threw },
  {
    what: 'makes a revoked Proxy',
    answer: () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return within(proxy)()
    },
    ...threw,
  },
  {
    what: 'makes an own key __proto__',
    answer: () => returning(JSON.parse(`{"db":{"__proto__":{"${SECRET}":1}}}`)),
    code: 'document.forbidden-key',
    path: '*',
    servedPath: 'db',
    kind: 'object',
  },
]

expectNothingUnhandled()

/** Creates a schema that works well until it is told to spoil the next document. */
const spoilable = (answer: () => unknown) => {
  const state = { spoils: false }
  const schema = schemaOf<Config>((value) => (state.spoils ? (answer() as Answer) : { value: value as Config }))
  return { schema, state }
}

describe('A bad schema', () => {
  it.each(badSchemas)('that $what rejects the change', async ({ answer, servedPath, ...rejection }) => {
    const { schema, state } = spoilable(answer)
    const service = await startService({ schema })
    state.spoils = true
    const { path } = rejection
    const changed = { ...good, db: { max: 12, password: SECRET } }
    await expectRejected(service, changed, { ...rejection, path: servedPath ?? path })
    state.spoils = false
    service.source.put({ ...good, db: { max: 13, password: SECRET } })
    await service.clock.advance(0)
    expect(service.reloader.modules.db.current).toBe(13)
    await service.reloader.close()
  })

  it.each(badSchemas)(
    'that $what rejects the first start, with nothing left open',
    async ({ answer, servedPath: _, ...rejection }) => {
      const { schema, state } = spoilable(answer)
      state.spoils = true
      await expectStartRejected(createService({ schema, document: good }), rejection)
    },
  )
})
