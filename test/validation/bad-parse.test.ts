import { describe, expect, it } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import {
  createService,
  expectNothingUnhandled,
  expectRejected,
  expectStartRejected,
  good,
  type Rejection,
  SECRET,
  startService,
  throwing,
} from './service.ts'

const fail = (): never => {
  throw new Error(SECRET)
}
const yaml = (document: unknown): string => stringify(document)
const changed = { ...good, db: { max: 12, password: SECRET } }

interface BadParse extends Rejection {
  readonly what: string
  readonly parse: (text: string) => unknown
  readonly text?: string
}

const cycle = (): object => {
  const value: Record<string, unknown> = { ...changed }
  value.db = value
  return value
}

const badParses: readonly BadParse[] = [
  { what: 'malformed YAML', parse: parseYaml, text: `db: [${SECRET}`, code: 'document.malformed' },
  {
    what: 'YAML with a tab for indentation',
    parse: parseYaml,
    text: `db:\n\tpassword: ${SECRET}`,
    code: 'document.malformed',
  },
  {
    what: 'YAML with a duplicate key',
    parse: parseYaml,
    text: `${SECRET}: 1\n${SECRET}: 2`,
    code: 'document.malformed',
  },
  {
    what: 'YAML of a comment only',
    parse: parseYaml,
    text: `# ${SECRET}`,
    code: 'schema.invalid',
    path: '(root)',
    kind: 'null',
  },
  {
    what: 'YAML that is a word',
    parse: parseYaml,
    text: SECRET,
    code: 'schema.invalid',
    path: '(root)',
    kind: 'string',
  },
  {
    what: 'YAML of the wrong type',
    parse: parseYaml,
    text: yaml({ ...good, db: { max: SECRET, password: '' } }),
    code: 'schema.invalid',
    path: 'db.max',
    kind: 'string',
  },
  {
    what: 'YAML with an unknown key',
    parse: parseYaml,
    text: yaml({ ...good, [SECRET]: SECRET }),
    code: 'schema.invalid',
    path: '(root)',
    kind: 'object',
  },
  {
    what: 'YAML with an own key __proto__',
    parse: parseYaml,
    text: `__proto__:\n  ${SECRET}: 1`,
    code: 'document.forbidden-key',
    path: '(root)',
    kind: 'object',
  },
  {
    what: 'YAML with a cyclic alias',
    parse: parseYaml,
    text: `a: &a\n  ${SECRET}: *a`,
    code: 'document.too-deep',
    path: `${'*.'.repeat(16)}…`,
    kind: 'object',
  },
  { what: 'YAML that expands to a billion laughs', parse: parseYaml, text: laughs(), code: 'document.malformed' },
  { what: 'a parse that throws', parse: fail, code: 'document.malformed' },
  {
    what: 'a parse that throws null',
    parse: throwing(null),
    code: 'document.malformed',
  },
  {
    what: 'a parse that returns undefined',
    parse: () => undefined,
    code: 'schema.invalid',
    path: '(root)',
    kind: 'missing',
  },
  { what: 'a parse that returns a function', parse: () => fail, code: 'schema.invalid', path: '(root)', kind: 'other' },
  { what: 'a parse that is async', parse: async () => changed, code: 'document.malformed' },
  { what: 'a parse that is async and rejects', parse: async () => fail(), code: 'document.malformed' },
  {
    what: 'a parse that returns a getter that throws',
    parse: () => Object.defineProperty({}, SECRET, { get: fail, enumerable: true }),
    code: 'document.malformed',
  },
  {
    what: 'a parse that returns a hostile Proxy',
    parse: () => new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail }),
    code: 'document.malformed',
  },
  {
    what: 'a parse that returns a cycle',
    parse: cycle,
    code: 'document.too-deep',
    path: `${'db.'.repeat(16).replaceAll('db.', (_, at: number) => (at === 0 ? 'db.' : '*.'))}…`,
    kind: 'object',
  },
]

function laughs(): string {
  const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(',')}]`)
  return [`l0: &l0 ${SECRET}`, ...levels].join('\n')
}

expectNothingUnhandled()

describe('A parse function of the user', () => {
  it('may be YAML', async () => {
    const service = await startService({ parse: parseYaml, document: yaml(good) })
    service.source.put(`# by hand\n${yaml(changed)}`)
    await service.clock.advance(0)
    expect(service.reloader.config).toEqual(changed)
    await service.reloader.close()
  })

  it.each(badParses)('rejects a change: $what', async ({ parse, text, ...rejection }) => {
    const state = { spoils: false }
    const service = await startService({
      document: yaml(good),
      parse: (given) => (state.spoils ? parse(given) : parseYaml(given)),
    })
    state.spoils = true
    await expectRejected(service, text ?? yaml(changed), rejection)
    state.spoils = false
    service.source.put(yaml({ ...good, db: { max: 13, password: SECRET } }))
    await service.clock.advance(0)
    expect(service.reloader.modules.db.current).toBe(13)
    await service.reloader.close()
  })

  it.each(badParses)(
    'rejects the first start, with nothing left open: $what',
    async ({ parse, text, ...rejection }) => {
      await expectStartRejected(createService({ document: text ?? yaml(changed), parse }), rejection)
    },
  )
})
