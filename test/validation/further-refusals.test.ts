import { type } from 'arktype'
import type { Schema } from 'changeover'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'
import { failuresOf } from './refusals.ts'

const S = secret('value')

type Schemas = readonly [zod: unknown, valibot: unknown, arktype: unknown, document: unknown]
type Text = string | undefined
type Row = readonly [what: string, schemas: Schemas, texts: Text | readonly [zod: Text, valibot: Text, arktype: Text]]

/** More rules than those of the table, and what is said if one is broken. A library that does not have the rule has no schema. */
const rows: readonly Row[] = [
  [
    'a fraction that is no multiple',
    [
      z.object({ a: z.number().multipleOf(0.25) }),
      v.object({ a: v.pipe(v.number(), v.multipleOf(0.25)) }),
      undefined,
      { a: 0.3 },
    ],
    `a: found number, expected a number that is a multiple of 0.25`,
  ],
  [
    'a list that is too long',
    [
      z.object({ a: z.array(z.string()).max(1) }),
      v.object({ a: v.pipe(v.array(v.string()), v.maxLength(1)) }),
      type({ a: 'string[] <= 1' }),
      { a: [S, S] },
    ],
    `a: found array, expected an array of at most 1 item`,
  ],
  [
    'an empty string',
    [
      z.object({ a: z.string().nonempty() }),
      v.object({ a: v.pipe(v.string(), v.nonEmpty()) }),
      type({ a: 'string > 0' }),
      { a: '' },
    ],
    `a: found string, expected a string of at least 1 character`,
  ],
  [
    'no date',
    [
      z.object({ a: z.iso.date() }),
      v.object({ a: v.pipe(v.string(), v.isoDate()) }),
      type({ a: 'string.date.iso' }),
      { a: S },
    ],
    [
      `a: found string, expected a string in the format date`,
      `a: found string, expected a string in the format iso-date`,
      `a: found string, expected a string that matches its pattern`,
    ],
  ],
  [
    'no time',
    [
      z.object({ a: z.iso.datetime({ offset: true }) }),
      v.object({ a: v.pipe(v.string(), v.isoTimestamp()) }),
      type({ a: 'string.date' }),
      { a: S },
    ],
    [
      `a: found string, expected a string in the format date-time`,
      `a: found string, expected a string in the format iso-timestamp`,
      `a: found string, refused by a further rule of the schema, expected a string`,
    ],
  ],
  [
    'a date that is too early',
    [
      z.object({
        a: z.coerce
          .date()
          .min(new Date('2020-01-01'))
          .transform((d) => d.getTime()),
      }),
      v.object({
        a: v.pipe(
          v.string(),
          v.toDate(),
          v.minValue(new Date('2020-01-01')),
          v.transform((d) => d.getTime()),
        ),
      }),
      type({
        a: type('string.date.parse')
          .to("Date > d'2020-01-01'")
          .pipe((d) => d.getTime()),
      }),
      { a: '2011-02-03' },
    ],
    [
      `a: found string, expected a Date of at least 2020-01-01T00:00:00.000Z`,
      `a: found string, refused by a further rule of the schema, expected a string`,
      `a: found string, refused by a further rule of the schema, expected a string`,
    ],
  ],
  [
    'an item of the rest of a tuple',
    [
      z.object({ a: z.tuple([z.string()], z.number()) }),
      v.object({ a: v.tupleWithRest([v.string()], v.number()) }),
      type({ a: ['string', '...', 'number[]'] }),
      { a: ['x', 1, S] },
    ],
    `a.2: found string, expected a number`,
  ],
  [
    'a tuple that is too long',
    [
      z.object({ a: z.tuple([z.string()]) }),
      v.object({ a: v.strictTuple([v.string()]) }),
      type({ a: ['string'] }),
      { a: ['x', S] },
    ],
    `a: found array, expected an array of 1 item`,
  ],
  [
    'a key that a record does not list',
    [
      z.object({ a: z.partialRecord(z.enum(['x', 'y']), z.number()) }),
      v.object({ a: v.record(v.picklist(['x', 'y']), v.number()) }),
      type({ a: { '+': 'reject', 'x?': 'number', 'y?': 'number' } }),
      { a: { [S]: 1 } },
    ],
    [
      `a: found object, unknown key, number 1 of 1; known are x, y`,
      `a.*: found number, expected as key one of "x", "y"`,
      `a: found object, unknown key, number 1 of 1; known are x, y`,
    ],
  ],
  [
    'a missing key of a record',
    [
      z.object({ a: z.record(z.enum(['x', 'y']), z.number()) }),
      undefined,
      type({ a: { x: 'number', y: 'number' } }),
      { a: { x: 1 } },
    ],
    `a.y: found missing, required, expected a number`,
  ],
  [
    'a member in a union within a union',
    [
      z.object({ a: z.union([z.string(), z.union([z.number(), z.object({ k: z.boolean() })])]) }),
      v.object({ a: v.union([v.string(), v.union([v.number(), v.object({ k: v.boolean() })])]) }),
      type({ a: type('string').or(type('number').or({ k: 'boolean' })) }),
      { a: { k: S } },
    ],
    `a.k: found string, expected true or false, in the branch an object with k`,
  ],
  [
    'a branch within a branch',
    [
      z.object({
        a: z.discriminatedUnion('t', [
          z.object({
            t: z.literal('p'),
            o: z.discriminatedUnion('u', [
              z.object({ u: z.literal(1), n: z.number() }),
              z.object({ u: z.literal(2), m: z.string() }),
            ]),
          }),
          z.object({ t: z.literal('q') }),
        ]),
      }),
      v.object({
        a: v.variant('t', [
          v.object({
            t: v.literal('p'),
            o: v.variant('u', [
              v.object({ u: v.literal(1), n: v.number() }),
              v.object({ u: v.literal(2), m: v.string() }),
            ]),
          }),
          v.object({ t: v.literal('q') }),
        ]),
      }),
      type({ a: type({ t: "'p'", o: type({ u: '1', n: 'number' }).or({ u: '2', m: 'string' }) }).or({ t: "'q'" }) }),
      { a: { t: 'p', o: { u: 1, n: S } } },
    ],
    `a.o.n: found string, expected a number, in the branch t "p", then u 1`,
  ],
  [
    'a misspelt key in a branch',
    [
      z.object({
        a: z.discriminatedUnion('t', [
          z.strictObject({ t: z.literal('p'), nn: z.number() }),
          z.strictObject({ t: z.literal('q') }),
        ]),
      }),
      v.object({
        a: v.variant('t', [
          v.strictObject({ t: v.literal('p'), nn: v.number() }),
          v.strictObject({ t: v.literal('q') }),
        ]),
      }),
      type({ a: type({ '+': 'reject', t: "'p'", nn: 'number' }).or({ '+': 'reject', t: "'q'" }) }),
      { a: { t: 'p', nn: 1, nnn: S } },
    ],
    `a: found object, unknown key "nnn", did you mean "nn"?, in the branch t "p"`,
  ],
  [
    'two members of an intersection',
    [
      z.object({ a: z.object({ x: z.string() }).and(z.object({ y: z.number().max(3) })) }),
      v.object({ a: v.intersect([v.object({ x: v.string() }), v.object({ y: v.pipe(v.number(), v.maxValue(3)) })]) }),
      type({ a: type({ x: 'string' }).and({ y: 'number<=3' }) }),
      { a: { x: 1, y: 5 } },
    ],
    `a.x: found number, expected a string; a.y: found number, expected a number of at most 3`,
  ],
  [
    'a length behind a brand',
    [
      z.object({ a: z.string().min(3).readonly().pipe(z.string().max(5)) }),
      v.object({ a: v.pipe(v.string(), v.minLength(3), v.readonly(), v.maxLength(5)) }),
      type({ a: '3<=string<=5' }),
      { a: S },
    ],
    [
      `a: found string, expected a string of at least 3 characters that becomes a string of at most 5 characters`,
      `a: found string, expected a string of 3 to 5 characters`,
      `a: found string, expected a string of 3 to 5 characters`,
    ],
  ],
  [
    'no word for true or false',
    [z.object({ a: z.stringbool() }), undefined, undefined, { a: S }],
    `a: found string, expected a string that becomes true or false`,
  ],
  [
    'no text of a template',
    [
      z.object({ a: z.templateLiteral(['x-', z.number()]) }),
      v.object({ a: v.pipe(v.string(), v.regex(/^x-\d+$/)) }),
      type({ a: '/^x-\\d+$/' }),
      { a: S },
    ],
    `a: found string, expected a string that matches its pattern`,
  ],
  [
    'no member of an enum of numbers',
    [
      z.object({ a: z.enum({ A: 1, B: 2 }) }),
      v.object({ a: v.enum({ A: 1, B: 2 }) }),
      type({ a: type.valueOf({ A: 1, B: 2 }) }),
      { a: 7 },
    ],
    `a: found number, expected one of 1, 2`,
  ],
  [
    'no literal of three types',
    [
      z.object({ a: z.literal([true, null, 3]) }),
      v.object({ a: v.union([v.literal(true), v.null(), v.literal(3)]) }),
      type({ a: 'true|null|3' }),
      { a: S },
    ],
    [
      `a: found string, expected one of true, null, 3`,
      `a: found string, expected true or null or 3`,
      `a: found string, expected 3 or null or true`,
    ],
  ],
  [
    'no bigint',
    [z.object({ a: z.coerce.bigint() }), v.object({ a: v.pipe(v.string(), v.toBigint()) }), undefined, { a: S }],
    [`a: found string, expected a bigint`, `a: found string, expected a string that becomes a bigint`, undefined],
  ],
  [
    'a member of parsed text',
    [
      z.object({
        a: z
          .string()
          .transform((s, c) => {
            try {
              return JSON.parse(s)
            } catch {
              c.addIssue({ code: 'custom', message: s })
              return z.NEVER
            }
          })
          .pipe(z.object({ k: z.number() })),
      }),
      v.object({ a: v.pipe(v.string(), v.parseJson(), v.object({ k: v.number() })) }),
      type({ a: type('string.json.parse').to({ k: 'number' }) }),
      { a: `{"k":"${S}"}` },
    ],
    `a.k: found undefined, expected a number`,
  ],
  [
    'text that cannot be parsed',
    [
      z.object({
        a: z
          .string()
          .transform((s, c) => {
            try {
              return JSON.parse(s)
            } catch {
              c.addIssue({ code: 'custom', message: s })
              return z.NEVER
            }
          })
          .pipe(z.object({ k: z.number() })),
      }),
      v.object({ a: v.pipe(v.string(), v.parseJson(), v.object({ k: v.number() })) }),
      type({ a: type('string.json.parse').to({ k: 'number' }) }),
      { a: S },
    ],
    [
      `a: found string, refused by a refinement of the schema, expected a string that becomes an object with k`,
      `a: found string, expected a string that becomes an object with k`,
      `a: found string, refused by a refinement of the schema, expected a string that becomes an object with k`,
    ],
  ],
  [
    'an optional member that may be null',
    [
      z.object({ a: z.number().nullish() }),
      v.object({ a: v.nullish(v.number()) }),
      type({ 'a?': 'number|null' }),
      { a: S },
    ],
    `a: found string, expected a number or null`,
  ],
  [
    'a member that must not be there',
    [z.object({ a: z.never().optional() }), v.object({ a: v.optional(v.never()) }), type({ 'a?': 'never' }), { a: S }],
    `a: found string, expected no value`,
  ],
  [
    'a number that is too large',
    [
      z.object({ a: z.int32() }),
      v.object({ a: v.pipe(v.number(), v.safeInteger()) }),
      type({ a: 'number.safe' }),
      { a: 1.5e300 },
    ],
    [
      `a: found number, expected an integer from -2147483648 to 2147483647`,
      `a: found number, expected an integer`,
      `a: found number, expected a number`,
    ],
  ],
  [
    'no host',
    [
      z.object({ a: z.hostname() }),
      v.object({ a: v.pipe(v.string(), v.domain()) }),
      type({ a: 'string.ip' }),
      { a: `${S}!` },
    ],
    [
      `a: found string, expected a string in the format hostname`,
      `a: found string, expected a string in the format domain`,
      `a: found string, expected a string in the format ipv6 or a string in the format ipv4`,
    ],
  ],
  [
    'no token',
    [
      z.object({ a: z.jwt() }),
      v.object({ a: v.pipe(v.string(), v.jwsCompact()) }),
      type({ a: 'string.base64' }),
      { a: `${S}!` },
    ],
    [
      `a: found string, expected a string in the format jwt`,
      `a: found string, expected a string in the format jws-compact`,
      `a: found string, expected a string that matches its pattern`,
    ],
  ],
  [
    'an object with too few keys',
    [
      z.object({ a: z.record(z.string(), z.number()).refine((o) => Object.keys(o).length > 1) }),
      v.object({ a: v.pipe(v.record(v.string(), v.number()), v.minEntries(2)) }),
      undefined,
      { a: { [S]: 1 } },
    ],
    [
      `a: found object, refused by a refinement of the schema, expected an object`,
      `a: found object, expected an object of at least 2 keys`,
      undefined,
    ],
  ],
  [
    'a refinement that names a member',
    [
      undefined,
      undefined,
      type({
        a: type({ lo: 'number', hi: 'number' }).narrow(
          (o, c) => o.lo < o.hi || c.reject({ relativePath: ['hi'], expected: 'more', actual: S }),
        ),
      }),
      { a: { lo: 5, hi: 3 } },
    ],
    `a.hi: found number, refused by a refinement of the schema, expected a number`,
  ],
  [
    'a member of a tree',
    [
      (() => {
        const N: z.ZodType = z.object({
          v: z.number(),
          get kids() {
            return z.array(N)
          },
        })
        return z.object({ n: N })
      })(),
      (() => {
        const N: v.GenericSchema = v.object({ v: v.number(), kids: v.array(v.lazy(() => N)) })
        return v.object({ n: N })
      })(),
      type.module({ n: { v: 'number', kids: 'n[]' }, root: { n: 'n' } }).root,
      { n: { v: 1, kids: [{ v: 1, kids: [{ v: S, kids: [] }] }] } },
    ],
    `n.kids.0.kids.0.v: found string, expected a number`,
  ],
  [
    'a member that only the rest allows',
    [
      z.object({ a: z.object({ x: z.number() }).catchall(z.boolean()) }),
      v.object({ a: v.objectWithRest({ x: v.number() }, v.boolean()) }),
      type({ a: { x: 'number', '[string]': 'boolean|number' } }),
      { a: { x: 1, [S]: S } },
    ],
    [
      `a.*: found string, expected true or false`,
      `a.*: found string, expected true or false`,
      `a.*: found string, expected a number or true or false`,
    ],
  ],
  [
    'a string without a part',
    [
      z.object({ a: z.string().includes('zz') }),
      v.object({ a: v.pipe(v.string(), v.includes('zz')) }),
      type({ a: '/zz/' }),
      { a: S },
    ],
    `a: found string, expected a string that matches its pattern`,
  ],
  [
    'a string in upper case',
    [
      z.object({ a: z.string().lowercase() }),
      v.object({ a: v.pipe(v.string(), v.regex(/^[a-z]*$/)) }),
      type({ a: 'string.lower.preformatted' }),
      { a: S.toUpperCase() },
    ],
    [
      `a: found string, expected a string in the format lowercase`,
      `a: found string, expected a string that matches its pattern`,
      `a: found string, expected a string that matches its pattern`,
    ],
  ],
  [
    'a number outside of open bounds',
    [
      z.object({ a: z.number().gt(0).lt(1) }),
      v.object({ a: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)) }),
      type({ a: '0<number<1' }),
      { a: 55 },
    ],
    `a: found number, expected a number above 0 and below 1`,
  ],
  [
    'a branch in a list',
    [
      z.object({
        a: z.array(
          z.discriminatedUnion('t', [z.object({ t: z.literal('p'), k: z.number() }), z.object({ t: z.literal('q') })]),
        ),
      }),
      v.object({
        a: v.array(v.variant('t', [v.object({ t: v.literal('p'), k: v.number() }), v.object({ t: v.literal('q') })])),
      }),
      type({ a: type({ t: "'p'", k: 'number' }).or({ t: "'q'" }).array() }),
      { a: [{ t: 'q' }, { t: 'p', k: S }] },
    ],
    `a.1.k: found string, expected a number, in the branch t "p"`,
  ],
  [
    'a member of a value of a record',
    [
      z.object({ a: z.record(z.string(), z.object({ k: z.number() })) }),
      v.object({ a: v.record(v.string(), v.object({ k: v.number() })) }),
      type({ a: { '[string]': { k: 'number' } } }),
      { a: { [S]: { k: S } } },
    ],
    `a.*.k: found string, expected a number`,
  ],
]

const textOf = async (schema: unknown, document: unknown): Promise<Text> => {
  if (schema === undefined) return undefined
  const failures = await failuresOf(schema as Schema, document)
  expect(secretsIn(show(failures))).toEqual([])
  return failures.map(({ path, kind, detail }) => `${path}: found ${kind}, ${detail}`).join('; ')
}

describe('A refusal names the place and the rule, and never the value, for further rules', () => {
  it.each(rows)('%s', async (_, [zod, valibot, arktype, document], texts) => {
    const schemas = [zod, valibot, arktype]
    const said = await Promise.all(schemas.map((schema) => textOf(schema, document)))
    const alike = schemas.map((schema) => (schema === undefined ? undefined : texts))
    expect(said).toEqual(Array.isArray(texts) ? texts : alike)
  })
})
