import { type } from 'arktype'
import { refuse, type Schema } from 'changeover'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { z as z3 } from 'zod/v3'
import { secret, secretsIn, show } from '../support/secrets.ts'
import { failuresOf } from './refusals.ts'

const S = secret('value')
const TEXT = 'max may at most double'
const no = (): never => refuse(TEXT)
const later = async (): Promise<never> => refuse(TEXT)

type Row = readonly [what: string, schema: Schema, document: unknown, place: string]

const zodRows: readonly Row[] = [
  ['refine', z.object({ db: z.object({ max: z.number().refine(no) }) }), { db: { max: 1 } }, 'db.max number'],
  ['superRefine', z.object({ db: z.object({ max: z.number() }).superRefine(no) }), { db: { max: 1 } }, 'db object'],
  ['transform', z.object({ db: z.object({ url: z.string().transform(no) }) }), { db: { url: S } }, 'db.url string'],
  ['check', z.object({ a: z.string().check(no), b: z.string() }), { a: S, b: S }, 'a string'],
  ['refine of the whole', z.object({ a: z.string() }).refine(no), { a: S }, '(root) object'],
  ['a second key', z.object({ a: z.string(), b: z.string().refine(no) }), { a: S, b: S }, 'b string'],
  ['optional', z.object({ a: z.string().refine(no).optional() }), { a: S }, 'a string'],
  ['nullable', z.object({ a: z.object({ k: z.string().refine(no) }).nullable() }), { a: { k: S } }, 'a.k string'],
  ['default', z.object({ a: z.string().refine(no).default('x') }), { a: S }, 'a string'],
  [
    'an item',
    z.object({ a: z.array(z.object({ k: z.string().refine((k) => k !== S || no()) })) }),
    { a: [{ k: '' }, { k: S }] },
    'a.1.k string',
  ],
  ['an item of a tuple', z.object({ a: z.tuple([z.number()], z.string().refine(no)) }), { a: [1, S] }, 'a.1 string'],
  [
    'a value of a record',
    z.object({ a: z.record(z.string(), z.number().refine(no)) }),
    { a: { [S]: 1 } },
    'a.* number',
  ],
  ['a key of a record', z.object({ a: z.record(z.string().refine(no), z.number()) }), { a: { [S]: 1 } }, 'a.* number'],
  [
    'a branch of a union',
    z.object({ a: z.union([z.number(), z.object({ k: z.string().refine(no) })]) }),
    { a: { k: S } },
    'a.k string',
  ],
  [
    'a discriminated branch',
    z.object({
      a: z.discriminatedUnion('t', [
        z.object({ t: z.literal('p'), k: z.string() }),
        z.object({ t: z.literal('q'), k: z.string().refine(no) }),
      ]),
    }),
    { a: { t: 'q', k: S } },
    'a.k string',
  ],
  [
    'an intersection',
    z.object({ a: z.intersection(z.object({ x: z.string() }), z.object({ y: z.string().refine(no) })) }),
    { a: { x: S, y: S } },
    'a.y string',
  ],
  ['a pipe', z.object({ a: z.string().transform(Number).pipe(z.number().refine(no)) }), { a: '1' }, 'a string'],
  [
    'what a pipe has parsed',
    z.object({
      a: z
        .string()
        .transform((text) => JSON.parse(text))
        .pipe(z.object({ k: z.number().refine(no) })),
    }),
    { a: '{"k":1}' },
    'a.k undefined',
  ],
  ['preprocess', z.object({ a: z.preprocess(no, z.string()) }), { a: S }, 'a string'],
  [
    'behind preprocess',
    z.object({ a: z.preprocess((value) => value, z.object({ k: z.string().refine(no) })) }),
    { a: { k: S } },
    'a.k string',
  ],
  ['lazy', z.object({ a: z.lazy(() => z.object({ k: z.string().refine(no) })) }), { a: { k: S } }, 'a.k string'],
  ['catchall', z.object({ a: z.object({}).catchall(z.string().refine(no)) }), { a: { [S]: S } }, 'a.* string'],
  [
    'readonly and brand',
    z.object({
      a: z
        .object({ k: z.string().refine(no) })
        .brand<'x'>()
        .readonly(),
    }),
    { a: { k: S } },
    'a.k string',
  ],
  ['an asynchronous refine', z.object({ a: z.object({ k: z.string().refine(later) }) }), { a: { k: S } }, 'a.k string'],
  ['an asynchronous transform', z.object({ a: z.string().transform(later) }), { a: S }, 'a string'],
  [
    'zod mini',
    mini.object({ a: mini.object({ k: mini.string().check(mini.refine(no)) }) }),
    { a: { k: S } },
    'a.k string',
  ],
  [
    'zod 3',
    z3.object({ a: z3.array(z3.object({ k: z3.string().refine(no) })) }) as unknown as Schema,
    { a: [{ k: S }] },
    'a.0.k string',
  ],
  [
    'a transform of zod 3',
    z3.object({ a: z3.object({ k: z3.string().transform(no) }).optional() }) as unknown as Schema,
    { a: { k: S } },
    'a.k string',
  ],
]

const valibotRows: readonly Row[] = [
  ['check', v.object({ db: v.object({ max: v.pipe(v.number(), v.check(no)) }) }), { db: { max: 1 } }, 'db.max number'],
  [
    'check of an object',
    v.object({ db: v.pipe(v.object({ max: v.number() }), v.check(no)) }),
    { db: { max: 1 } },
    'db object',
  ],
  [
    'check within and without',
    v.object({
      db: v.pipe(
        v.object({ max: v.pipe(v.number(), v.check(no)) }),
        v.check(() => true),
      ),
    }),
    { db: { max: 1 } },
    'db.max number',
  ],
  ['transform', v.object({ a: v.pipe(v.string(), v.transform(no)) }), { a: S }, 'a string'],
  [
    'rawTransform',
    v.object({ a: v.object({ k: v.pipe(v.string(), v.rawTransform(no)) }) }),
    { a: { k: S } },
    'a.k string',
  ],
  ['check of the whole', v.pipe(v.object({ a: v.string() }), v.check(no)), { a: S }, '(root) object'],
  [
    'optional',
    v.object({ a: v.optional(v.object({ k: v.pipe(v.string(), v.check(no)) })) }),
    { a: { k: S } },
    'a.k string',
  ],
  [
    'an item',
    v.object({
      a: v.array(
        v.pipe(
          v.string(),
          v.check((k) => k !== S || no()),
        ),
      ),
    }),
    { a: ['', S] },
    'a.1 string',
  ],
  [
    'an item of a tuple',
    v.object({ a: v.tupleWithRest([v.number()], v.pipe(v.string(), v.check(no))) }),
    { a: [1, S] },
    'a.1 string',
  ],
  [
    'a value of a record',
    v.object({ a: v.record(v.string(), v.pipe(v.number(), v.check(no))) }),
    { a: { [S]: 1 } },
    'a.* number',
  ],
  [
    'a key of a record',
    v.object({ a: v.record(v.pipe(v.string(), v.check(no)), v.number()) }),
    { a: { [S]: 1 } },
    'a.* number',
  ],
  [
    'a branch of a union',
    v.object({ a: v.union([v.number(), v.object({ k: v.pipe(v.string(), v.check(no)) })]) }),
    { a: { k: S } },
    'a.k string',
  ],
  [
    'a variant',
    v.object({
      a: v.variant('t', [
        v.object({ t: v.literal('p') }),
        v.object({ t: v.literal('q'), k: v.pipe(v.string(), v.check(no)) }),
      ]),
    }),
    { a: { t: 'q', k: S } },
    'a.k string',
  ],
  [
    'an intersection',
    v.object({ a: v.intersect([v.object({ x: v.string() }), v.object({ y: v.pipe(v.string(), v.check(no)) })]) }),
    { a: { x: S, y: S } },
    'a.y string',
  ],
  [
    'behind a transform',
    v.object({ a: v.pipe(v.string(), v.parseJson(), v.object({ k: v.pipe(v.number(), v.check(no)) })) }),
    { a: '{"k":1}' },
    'a.k undefined',
  ],
  [
    'lazy',
    v.object({ a: v.lazy(() => v.object({ k: v.pipe(v.string(), v.check(no)) })) }),
    { a: { k: S } },
    'a.k string',
  ],
  ['a rest', v.objectWithRest({ a: v.string() }, v.pipe(v.string(), v.check(no))), { a: S, [S]: S }, '* string'],
  ['custom', v.object({ a: v.object({ k: v.custom(no) }) }), { a: { k: S } }, 'a.k string'],
  [
    'checkAsync',
    v.objectAsync({ a: v.objectAsync({ k: v.pipeAsync(v.string(), v.checkAsync(later)) }) }),
    { a: { k: S } },
    'a.k string',
  ],
]

const tree = type.module({
  node: { value: type('number').narrow((value) => value < 3 || no()), 'next?': 'node' },
  root: { a: 'node' },
}).root

const arktypeRows: readonly Row[] = [
  ['narrow', type({ db: { max: type('number').narrow(no) } }), { db: { max: 1 } }, 'db.max number'],
  ['narrow of an object', type({ db: type({ max: 'number' }).narrow(no) }), { db: { max: 1 } }, 'db object'],
  ['pipe', type({ db: { url: type('string').pipe(no) } }), { db: { url: S } }, 'db.url string'],
  ['pipe beside another key', type({ b: 'string', a: type('string').pipe(no) }), { b: S, a: S }, 'a string'],
  ['pipe of an object', type({ a: type({ k: 'string' }).pipe(no) }), { a: { k: S } }, 'a object'],
  [
    'within a pipe of an object',
    type({ a: type({ k: type('string').narrow(no) }).pipe((a) => a) }),
    { a: { k: S } },
    'a.k string',
  ],
  ['narrow of the whole', type({ a: 'string' }).narrow(no), { a: S }, '(root) object'],
  ['optional', type({ 'a?': { k: type('string').narrow(no) } }), { a: { k: S } }, 'a.k string'],
  [
    'an item',
    type({
      a: type('string')
        .narrow((k) => k !== S || no())
        .array(),
    }),
    { a: ['', S] },
    'a.1 string',
  ],
  ['an item of a tuple', type({ a: ['number', type('string').narrow(no)] }), { a: [1, S] }, 'a.1 string'],
  ['a value of a record', type({ a: { '[string]': type('number').narrow(no) } }), { a: { [S]: 1 } }, 'a.* number'],
  [
    'a branch of a union',
    type({ a: type('number').or({ k: type('string').narrow(no) }) }),
    { a: { k: S } },
    'a.k string',
  ],
  [
    'a discriminated branch',
    type({ a: type({ t: "'p'" }).or({ t: "'q'", k: type('string').narrow(no) }) }),
    { a: { t: 'q', k: S } },
    'a.k string',
  ],
  [
    'an intersection',
    type({ a: type({ x: 'string' }).and({ y: type('string').narrow(no) }) }),
    { a: { x: S, y: S } },
    'a.y string',
  ],
  ['a recursive type', tree, { a: { value: 1, next: { value: 5 } } }, 'a.next.value number'],
  ['pipe.try', type({ a: { k: type('string').pipe.try(no) } }), { a: { k: S } }, 'a.k string'],
  ['filter', type({ a: { k: type('string').filter(no) } }), { a: { k: S } }, 'a.k string'],
]

const placeOf = async (schema: Schema, document: unknown, code: string) => {
  const [failed] = await failuresOf(schema, document)
  expect(failed?.code).toBe(code)
  expect(secretsIn(show(failed))).toEqual([])
  return `${failed?.path} ${failed?.kind}`
}

describe('A refusal in a rule of the schema says where the rule sits', () => {
  for (const [library, rows] of Object.entries({ zod: zodRows, valibot: valibotRows, arktype: arktypeRows })) {
    it.each(rows)(`${library}: %s`, async (_, schema, document, place) => {
      expect(await placeOf(schema, document, 'schema.refused')).toBe(place)
    })
  }

  it('in its message too', async () => {
    const [failed] = await failuresOf(z.object({ db: z.object({ max: z.number().refine(no) }) }), { db: { max: 1 } })
    expect(failed?.message).toContain(`(${TEXT}, phase validating, at db.max, found number`)
  })
})

describe('An error of a rule of the schema', () => {
  const fail = (): never => {
    throw new TypeError(S)
  }

  it.each<[string, Schema]>([
    ['zod', z.object({ a: z.object({ k: z.string().refine(fail) }) })],
    ['valibot', v.object({ a: v.object({ k: v.pipe(v.string(), v.check(fail)) }) })],
    ['arktype', type({ a: { k: type('string').narrow(fail) } })],
  ])('says where the rule sits, and not its text: %s', async (_, schema) => {
    expect(await placeOf(schema, { a: { k: S } }, 'schema.threw')).toBe('a.k string')
  })

  it('has no place if the library is not known', async () => {
    const validate = (): never => no()
    const schema: Schema = { '~standard': { version: 1, vendor: 'x', validate } }
    expect(await placeOf(schema, { a: S }, 'schema.refused')).toBe('undefined undefined')
  })

  it('has none if a rule throws only the first time', async () => {
    let times = 0
    const once = (): boolean => {
      times += 1
      return times > 1 || no()
    }
    expect(await placeOf(z.object({ a: z.string().refine(once) }), { a: S }, 'schema.refused')).toBe('(root) object')
  })

  it('is searched for in a bounded number of calls', async () => {
    let calls = 0
    const count = (value: number): boolean => {
      calls += 1
      return value < 50_000 || no()
    }
    const list = Array.from({ length: 50_001 }, (_, index) => index)
    expect(
      await placeOf(v.object({ a: v.array(v.pipe(v.number(), v.check(count))) }), { a: list }, 'schema.refused'),
    ).toBe('a array')
    expect(calls).toBeLessThan(50_001 * 2 + 2_000)
  })
})
