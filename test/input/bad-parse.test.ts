import { unsafeCause } from 'changeover'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import {
  createScene,
  expectHidden,
  expectRefused,
  expectStartRefused,
  good,
  type Refusal,
  SECRET,
  type SceneOptions,
  startScene,
} from './scene.ts'

const fail = (): never => {
  throw new Error(SECRET)
}
const yaml = (document: unknown): string => stringify(document)
const changed = { ...good, db: { max: 12, password: SECRET } }

interface BadParse extends Refusal {
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
  { what: 'YAML that is malformed', parse: parseYaml, text: `db: [${SECRET}`, code: 'document.malformed' },
  {
    what: 'YAML with a tab for indentation',
    parse: parseYaml,
    text: `db:\n\tpassword: ${SECRET}`,
    code: 'document.malformed',
  },
  {
    what: 'YAML with a key that stands twice',
    parse: parseYaml,
    text: `${SECRET}: 1\n${SECRET}: 2`,
    code: 'document.malformed',
  },
  {
    what: 'YAML of nothing but a comment',
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
    what: 'YAML of a wrong type',
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
    what: 'YAML whose alias makes a cycle',
    parse: parseYaml,
    text: `a: &a\n  ${SECRET}: *a`,
    code: 'document.too-deep',
    path: `${'*.'.repeat(16)}…`,
    kind: 'object',
  },
  { what: 'YAML of a billion laughs', parse: parseYaml, text: laughs(), code: 'document.malformed' },
  { what: 'a parse that throws', parse: fail, code: 'document.malformed' },
  {
    what: 'a parse that throws null',
    parse: () => {
      throw null
    },
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

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe('A parse of the user', () => {
  it('may be YAML', async () => {
    const scene = await startScene({ parse: parseYaml, document: yaml(good) })
    scene.source.put(`# by hand\n${yaml(changed)}`)
    await scene.clock.advance(0)
    expect(scene.reloader.config).toEqual(changed)
    await scene.reloader.close()
  })

  it.each(badParses)('refuses a change: $what', async ({ parse, text, ...refusal }) => {
    const state = { spoils: false }
    const scene = await startScene({
      document: yaml(good),
      parse: (given) => (state.spoils ? parse(given) : parseYaml(given)),
    })
    state.spoils = true
    await expectRefused(scene, text ?? yaml(changed), refusal)
    state.spoils = false
    scene.source.put(yaml({ ...good, db: { max: 13, password: SECRET } }))
    await scene.clock.advance(0)
    expect(scene.reloader.modules.db.current).toBe(13)
    await scene.reloader.close()
  })

  it.each(badParses)(
    'refuses the very first start, with nothing left open: $what',
    async ({ parse, text, ...refusal }) => {
      await expectStartRefused(createScene({ document: text ?? yaml(changed), parse }), refusal)
    },
  )
})

describe('A policy', () => {
  type Policy = NonNullable<SceneOptions['policies']>[number]
  const refusals: readonly { readonly what: string; readonly refuse: () => unknown }[] = [
    { what: 'throws', refuse: fail },
    {
      what: 'throws undefined',
      refuse: () => {
        throw undefined
      },
    },
    {
      what: 'throws a Proxy that throws',
      refuse: () => {
        throw new Proxy(new Error(SECRET), { get: fail, getPrototypeOf: fail })
      },
    },
    { what: 'is async, so that nobody could wait for it', refuse: async () => undefined },
    { what: 'is async and rejects', refuse: async () => fail() },
    { what: 'returns a thenable that throws', refuse: () => ({ then: fail }) },
  ]

  it.each(refusals)('that $what refuses the change', async ({ refuse }) => {
    const policy = ((next, previous) => (previous === undefined || next.db.max === 13 ? undefined : refuse())) as Policy
    const scene = await startScene({ policies: [policy] })
    await expectRefused(scene, changed, { code: 'policy.refused' })
    scene.source.put({ ...good, db: { max: 13, password: SECRET } })
    await scene.clock.advance(0)
    expect(scene.reloader.modules.db.current).toBe(13)
    await scene.reloader.close()
  })

  it.each(refusals)('that $what refuses the very first start, with nothing left open', async ({ refuse }) => {
    await expectStartRefused(createScene({ document: good, policies: [refuse as Policy] }), { code: 'policy.refused' })
  })

  it('gets frozen configs, the next and the previous, and the first that refuses ends the asking', async () => {
    const asked: unknown[] = []
    const scene = await startScene({
      policies: [
        (next, previous) => {
          asked.push([Object.isFrozen(next.db), next.db.max, previous?.db.max])
          if (next.db.max === 12) throw new Error(SECRET)
        },
        (next) => void asked.push(next.db.max),
      ],
    })
    await expectRefused(scene, changed, { code: 'policy.refused' })
    expect(asked).toEqual([[true, 10, undefined], 10, [true, 12, 10]])
    await scene.reloader.close()
  })

  it('is not asked about what serves already', async () => {
    let asked = 0
    const scene = await startScene({
      policies: [
        () => {
          asked += 1
        },
      ],
    })
    scene.source.put(`${JSON.stringify(good)} `)
    await scene.clock.advance(0)
    await scene.reloader.close()
    expect([asked, scene.reloader.status().counters.unchanged]).toEqual([1, 1])
  })

  it('that refuses leaves what it threw to the unsafe accessor alone', async () => {
    const thrown = new Error(SECRET)
    const scene = createScene({
      document: good,
      policies: [
        () => {
          throw thrown
        },
      ],
    })
    const started = scene.reloader.start().catch((error: unknown) => error)
    await scene.clock.advance(0)
    const error = await started
    expectHidden(error)
    expect(unsafeCause(error as never)).toBe(thrown)
  })
})

describe('A select of a module', () => {
  const badSelects: readonly {
    readonly what: string
    readonly select: () => unknown
    readonly code: Refusal['code']
  }[] = [
    { what: 'throws', select: fail, code: 'module.select-failed' },
    {
      what: 'throws a string',
      select: () => {
        throw SECRET
      },
      code: 'module.select-failed',
    },
    { what: 'is async', select: async () => good.db, code: 'config.not-plain' },
    { what: 'is async and rejects', select: async () => fail(), code: 'config.not-plain' },
    { what: 'returns a Date', select: () => new Date(), code: 'config.not-plain' },
    { what: 'returns a function', select: () => fail, code: 'config.not-plain' },
    {
      what: 'returns a getter that throws',
      select: () => Object.defineProperty({}, SECRET, { get: fail, enumerable: true }),
      code: 'module.select-failed',
    },
  ]

  it.each(badSelects)('that $what refuses the change', async ({ select, code }) => {
    const scene = createScene({ document: good })
    const applier = { prepare: () => ({ instance: 1 }) }
    scene.reloader.use('fickle', (config) => (config.db.max === 12 ? (select() as object) : {}), applier)
    const started = scene.reloader.start()
    await scene.clock.advance(0)
    await started
    await expectRefused(scene, changed, { code })
    expect(scene.reloader.status().last).toMatchObject({ failures: [{ module: 'fickle' }] })
    await scene.reloader.close()
  })
})
