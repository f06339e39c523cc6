import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { allVisible, merged } from '../../src/cli/check/all-visible.ts'
import { firstDocument } from '../../src/cli/check/first-document.ts'
import { fillReferences } from '../../src/cli/check/placeholders.ts'
import { restartNotes } from '../../src/cli/check/restart-notes.ts'
import { meaningsOf } from '../../src/cli/target/value-meanings.ts'
import { durationOf } from '../../src/cli/target/flags.ts'

describe('The first document of a schema', () => {
  it.each<readonly [string, z.ZodType, unknown]>([
    ['at least', z.object({ n: z.number().min(5) }), { n: 5 }],
    ['more than', z.object({ n: z.int().positive() }), { n: 1 }],
    ['any number', z.object({ n: z.number(), i: z.int() }), { n: 0, i: 0 }],
    ['defaults', z.object({ n: z.number().min(5).default(7), t: z.string().optional() }), { n: 7 }],
    [
      'the first choice',
      z.object({ e: z.enum(['b', 'a']), l: z.literal('x'), u: z.union([z.boolean(), z.null()]) }),
      { e: 'b', l: 'x', u: false },
    ],
    ['containers', z.object({ l: z.array(z.string()), o: z.object({ s: z.string() }) }), { l: [], o: { s: '' } }],
  ])('has the least that it allows: %s', (_, schema, document) => {
    expect(firstDocument(schema as never)).toEqual(document)
  })
})

describe('Changes that need a restart', () => {
  const noted = (policy: 'warn' | 'hold' | 'refuse', previous: object, next: object): readonly string[] =>
    restartNotes({ paths: ['port', 'db'], policy } as never, previous, next, allVisible)
  const [previous, next] = [
    { port: 1, db: { max: 1, min: 1 }, log: 'info' },
    { port: 2, db: { max: 1, min: 2 }, log: 'debug' },
  ]

  it('are named, as the policy treats them', () => {
    expect(noted('warn', previous, next)).toEqual(['Needs a restart: port, db.min'])
    expect(noted('hold', previous, next)).toEqual(['Waits for a restart: port, db.min'])
    expect(() => noted('refuse', previous, next)).toThrow('restart.refused')
  })

  it('are none if only other paths change', () => {
    for (const policy of ['warn', 'hold', 'refuse'] as const)
      expect(noted(policy, previous, { ...previous, log: 'debug' })).toEqual([])
    expect(restartNotes({ paths: [], policy: 'refuse' } as never, previous, next, allVisible)).toEqual([])
  })
})

describe('A reference to a secret', () => {
  it.each<readonly [string, z.ZodType]>([
    ['a text', z.string()],
    ['a long text', z.string().min(60)],
    ['a key of 256 bits', z.string().regex(/^[\da-f]{64}$/)],
    ['an address', z.url()],
    ['a mail address', z.email()],
    ['digits', z.string().regex(/^\d+$/)],
    ['an id', z.uuid()],
    ['base64', z.base64().min(8)],
    ['a PEM', z.string().startsWith('-----BEGIN')],
    [
      'a strong password',
      z
        .string()
        .regex(/(?=.*[A-Z])(?=.*[a-z])(?=.*\d)(?=.*\W)/)
        .max(20),
    ],
    ['a time', z.iso.datetime()],
    ['an IP address', z.ipv4()],
    ['one character', z.string().length(1)],
  ])('is taken for what the schema wants: %s', async (_, member) => {
    const filled = await fillReferences(z.object({ a: member }) as never, { a: { $secret: 'env:A' } }, ['env'])
    expect(filled?.unchecked).toEqual([])
    expect(filled?.references.places).toEqual([['a']])
  })

  it('is left to the service if the schema takes no placeholder', async () => {
    const schema = z.object({ a: z.string().regex(/^only this$/), b: z.string() })
    const filled = await fillReferences(schema as never, { a: { $secret: 'env:A' }, b: 'x' }, ['env'])
    expect(filled?.unchecked).toEqual([['a']])
    expect(await fillReferences(schema as never, { a: 'x', b: 'x' }, ['env'])).toBeUndefined()
  })
})

describe('Two documents', () => {
  it('have all the keys of either when they are merged', () => {
    expect(merged({ a: { b: 1, c: 1 }, d: 1 }, { a: { c: 2, e: 2 }, f: 2 })).toEqual({
      a: { b: 1, c: 2, e: 2 },
      d: 1,
      f: 2,
    })
    expect([merged([1], { a: 1 }), merged({ a: 1 }, undefined), merged(undefined, 1), merged({ a: 1 }, [1])]).toEqual([
      { a: 1 },
      { a: 1 },
      1,
      [1],
    ])
  })

  it('are shown with every key if all is shown', () => {
    expect([allVisible.show(['a', 0, 'b']), allVisible.show([]), allVisible.showKey(['a', 'b'])]).toEqual([
      'a.0.b',
      '(root)',
      'a/b',
    ])
  })
})

describe('A value of the command line', () => {
  it.each<readonly [string, readonly unknown[]]>([
    ['5', [5, '5']],
    ['"x"', ['x', '"x"']],
    ['{"a":[1]}', [{ a: [1] }, '{"a":[1]}']],
    ['x', ['x']],
    ['', ['']],
  ])('means what it says as JSON, and then the text: %s', (text, meanings) => {
    expect(meaningsOf(text)).toEqual(meanings)
  })

  it.each([
    ['500ms', 500],
    ['10', 10_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['24h', 86_400_000],
  ])('is a time: %s', (text, ms) => {
    expect(durationOf('for', text)).toBe(ms)
  })

  it.each(['', '0', '0ms', '-1s', '1d', 's', '25h', '86400001ms', '1 s', 'constructor'])('is no time: %j', (text) => {
    expect(() => durationOf('for', text)).toThrow('command.usage')
  })
})
