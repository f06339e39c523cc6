import { type } from 'arktype'
import type { Schema } from 'changeover'
import * as v from 'valibot'
import { z } from 'zod'
import { CARD, secret } from '../support/secrets.ts'

const S = secret('value')
const NUMBER = Number(CARD)

type Row = readonly [what: string, zod: Schema, valibot: Schema, arktype: Schema, document: unknown]

/** One rule in the words of three libraries, and a document that breaks it with a planted value. */
export const refusalTable: readonly Row[] = [
  [
    'limits of an integer',
    z.strictObject({ a: z.number().int().min(1).max(5) }),
    v.strictObject({ a: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5)) }),
    type({ '+': 'reject', a: '1<=number.integer<=5' }),
    { a: NUMBER },
  ],
  ['another type', z.object({ a: z.number() }), v.object({ a: v.number() }), type({ a: 'number' }), { a: S }],
  ['a missing key', z.object({ a: z.number() }), v.object({ a: v.number() }), type({ a: 'number' }), {}],
  [
    'a missing key of a strict object',
    z.strictObject({ a: z.number() }),
    v.strictObject({ a: v.number() }),
    type({ '+': 'reject', a: 'number' }),
    {},
  ],
  [
    'none of the members of an enum',
    z.object({ a: z.enum(['x', 'y']) }),
    v.object({ a: v.picklist(['x', 'y']) }),
    type({ a: "'x'|'y'" }),
    { a: S },
  ],
  ['another literal', z.object({ a: z.literal('x') }), v.object({ a: v.literal('x') }), type({ a: "'x'" }), { a: S }],
  [
    'a misspelt key',
    z.strictObject({ database: z.string() }),
    v.strictObject({ database: v.string() }),
    type({ '+': 'reject', database: 'string' }),
    { database: '', databse: S },
  ],
  [
    'an unknown key',
    z.strictObject({ database: z.string() }),
    v.strictObject({ database: v.string() }),
    type({ '+': 'reject', database: 'string' }),
    { database: '', [S]: S },
  ],
  [
    'a string that is too long',
    z.object({ a: z.string().min(3).max(4) }),
    v.object({ a: v.pipe(v.string(), v.minLength(3), v.maxLength(4)) }),
    type({ a: '3<=string<=4' }),
    { a: S },
  ],
  [
    'a string that does not match a pattern',
    z.object({ a: z.string().regex(/^a/) }),
    v.object({ a: v.pipe(v.string(), v.regex(/^a/)) }),
    type({ a: '/^a/' }),
    { a: S },
  ],
  [
    'no email address',
    z.object({ a: z.email() }),
    v.object({ a: v.pipe(v.string(), v.email()) }),
    type({ a: 'string.email' }),
    { a: S },
  ],
  [
    'no URL',
    z.object({ a: z.url() }),
    v.object({ a: v.pipe(v.string(), v.url()) }),
    type({ a: 'string.url' }),
    { a: S },
  ],
  [
    'no UUID',
    z.object({ a: z.uuid() }),
    v.object({ a: v.pipe(v.string(), v.uuid()) }),
    type({ a: 'string.uuid' }),
    { a: S },
  ],
  [
    'no IP address',
    z.object({ a: z.ipv4() }),
    v.object({ a: v.pipe(v.string(), v.ipv4()) }),
    type({ a: 'string.ip.v4' }),
    { a: S },
  ],
  [
    'an array of another length',
    z.object({ a: z.array(z.string()).length(2) }),
    v.object({ a: v.pipe(v.array(v.string()), v.length(2)) }),
    type({ a: 'string[]==2' }),
    { a: [S] },
  ],
  [
    'an item of another type',
    z.object({ a: z.array(z.string()) }),
    v.object({ a: v.array(v.string()) }),
    type({ a: 'string[]' }),
    { a: ['a', NUMBER] },
  ],
  [
    'no multiple',
    z.object({ a: z.number().multipleOf(5) }),
    v.object({ a: v.pipe(v.number(), v.multipleOf(5)) }),
    type({ a: 'number%5' }),
    { a: 411_711 },
  ],
  [
    'a number that is too small',
    z.object({ a: z.number().positive() }),
    v.object({ a: v.pipe(v.number(), v.gtValue(0)) }),
    type({ a: 'number>0' }),
    { a: -NUMBER },
  ],
  [
    'no type of a union',
    z.object({ a: z.union([z.string(), z.number()]) }),
    v.object({ a: v.union([v.string(), v.number()]) }),
    type({ a: 'string|number' }),
    { a: true },
  ],
  [
    'a member in one branch of a union',
    z.object({ a: z.union([z.string(), z.object({ k: z.number() })]) }),
    v.object({ a: v.union([v.string(), v.object({ k: v.number() })]) }),
    type({ a: type('string').or({ k: 'number' }) }),
    { a: { k: S } },
  ],
  [
    'an unknown discriminator',
    z.object({
      a: z.discriminatedUnion('t', [
        z.object({ t: z.literal('p'), n: z.number() }),
        z.object({ t: z.literal('q'), m: z.string() }),
      ]),
    }),
    v.object({
      a: v.variant('t', [
        v.object({ t: v.literal('p'), n: v.number() }),
        v.object({ t: v.literal('q'), m: v.string() }),
      ]),
    }),
    type({ a: type({ t: "'p'", n: 'number' }).or({ t: "'q'", m: 'string' }) }),
    { a: { t: S } },
  ],
  [
    'a member in a discriminated branch',
    z.object({
      a: z.discriminatedUnion('t', [
        z.object({ t: z.literal('p'), n: z.number() }),
        z.object({ t: z.literal('q'), m: z.string() }),
      ]),
    }),
    v.object({
      a: v.variant('t', [
        v.object({ t: v.literal('p'), n: v.number() }),
        v.object({ t: v.literal('q'), m: v.string() }),
      ]),
    }),
    type({ a: type({ t: "'p'", n: 'number' }).or({ t: "'q'", m: 'string' }) }),
    { a: { t: 'p', n: S } },
  ],
  [
    'a missing discriminator',
    z.object({
      a: z.discriminatedUnion('t', [
        z.object({ t: z.literal('p'), n: z.number() }),
        z.object({ t: z.literal('q'), m: z.string() }),
      ]),
    }),
    v.object({
      a: v.variant('t', [
        v.object({ t: v.literal('p'), n: v.number() }),
        v.object({ t: v.literal('q'), m: v.string() }),
      ]),
    }),
    type({ a: type({ t: "'p'", n: 'number' }).or({ t: "'q'", m: 'string' }) }),
    { a: {} },
  ],
  [
    'no branch of a union',
    z.object({ a: z.union([z.object({ k: z.number() }), z.object({ m: z.string() })]) }),
    v.object({ a: v.union([v.object({ k: v.number() }), v.object({ m: v.string() })]) }),
    type({ a: type({ k: 'number' }).or({ m: 'string' }) }),
    { a: { k: S } },
  ],
  [
    'a value of a record',
    z.object({ a: z.record(z.string(), z.number()) }),
    v.object({ a: v.record(v.string(), v.number()) }),
    type({ a: 'Record<string,number>' }),
    { a: { [S]: S } },
  ],
  [
    'a key of a record',
    z.object({ a: z.record(z.string().min(25), z.number()) }),
    v.object({ a: v.record(v.pipe(v.string(), v.minLength(25)), v.number()) }),
    type({ a: { '+': 'reject', '[/^.{25,}$/]': 'number' } }),
    { a: { [S]: NUMBER } },
  ],
  [
    'a refinement',
    z.object({ a: z.string().refine(() => false, S) }),
    v.object({
      a: v.pipe(
        v.string(),
        v.check(() => false, S),
      ),
    }),
    type({ a: type('string').narrow((_, c) => c.mustBe(S)) }),
    { a: S },
  ],
  [
    'neither a number nor null',
    z.object({ a: z.number().nullable() }),
    v.object({ a: v.nullable(v.number()) }),
    type({ a: 'number|null' }),
    { a: S },
  ],
  [
    'an optional member of another type',
    z.object({ a: z.number().optional() }),
    v.object({ a: v.optional(v.number()) }),
    type({ 'a?': 'number' }),
    { a: S },
  ],
  ['no boolean', z.object({ a: z.boolean() }), v.object({ a: v.boolean() }), type({ a: 'boolean' }), { a: S }],
  [
    'an item of a tuple',
    z.object({ a: z.tuple([z.string(), z.number()]) }),
    v.object({ a: v.tuple([v.string(), v.number()]) }),
    type({ a: ['string', 'number'] }),
    { a: ['a', S] },
  ],
  [
    'a tuple that is too short',
    z.object({ a: z.tuple([z.string(), z.number()]) }),
    v.object({ a: v.strictTuple([v.string(), v.number()]) }),
    type({ a: ['string', 'number'] }),
    { a: [S] },
  ],
  ['a root that is no object', z.object({ a: z.string() }), v.object({ a: v.string() }), type({ a: 'string' }), NUMBER],
  [
    'what a transform returns',
    z.object({ a: z.string().transform(Number).pipe(z.number().min(2)) }),
    v.object({ a: v.pipe(v.string(), v.transform(Number), v.number(), v.minValue(2)) }),
    type({ a: type('string.numeric.parse').to('number>=2') }),
    { a: `-${NUMBER}` },
  ],
  [
    'a string with another start',
    z.object({ a: z.string().startsWith('ab') }),
    v.object({ a: v.pipe(v.string(), v.startsWith('ab')) }),
    type({ a: '/^ab/' }),
    { a: S },
  ],
  [
    'a member of an intersection',
    z.object({ a: z.intersection(z.object({ x: z.string() }), z.object({ y: z.number() })) }),
    v.object({ a: v.intersect([v.object({ x: v.string() }), v.object({ y: v.number() })]) }),
    type({ a: type({ x: 'string' }).and({ y: 'number' }) }),
    { a: { x: '', y: S } },
  ],
  [
    'a key in the wrong place',
    z.strictObject({ db: z.strictObject({ max: z.number() }) }),
    v.strictObject({ db: v.strictObject({ max: v.number() }) }),
    type({ '+': 'reject', db: { '+': 'reject', max: 'number' } }),
    { db: { max: 1 }, max: NUMBER },
  ],
  [
    'a member of a recursive schema',
    (() => {
      const N: z.ZodType = z.object({
        v: z.number(),
        get next() {
          return N.optional()
        },
      })
      return z.object({ n: N })
    })(),
    (() => {
      const N: v.GenericSchema = v.object({ v: v.number(), next: v.optional(v.lazy(() => N)) })
      return v.object({ n: N })
    })(),
    type.module({ n: { v: 'number', 'next?': 'n' }, root: { n: 'n' } }).root,
    { n: { v: 1, next: { v: 1, next: { v: S } } } },
  ],
  [
    'a number beside a Date',
    z.object({ d: z.union([z.string(), z.coerce.date()]).optional(), a: z.number() }),
    v.object({ d: v.optional(v.union([v.string(), v.date()])), a: v.number() }),
    type({ 'd?': 'string|Date', a: 'number' }),
    { a: S },
  ],
  [
    'a member with a default',
    z.object({ a: z.number().min(2).default(5) }),
    v.object({ a: v.optional(v.pipe(v.number(), v.minValue(2)), 5) }),
    type({ a: 'number>=2 = 5' }),
    { a: -NUMBER },
  ],
  [
    'what a coercion returns',
    z.object({ a: z.coerce.number().min(5) }),
    v.object({ a: v.pipe(v.unknown(), v.transform(Number), v.number(), v.minValue(5)) }),
    type({ a: type('string|number').pipe(Number).to('number>=5') }),
    { a: `-${NUMBER}` },
  ],
]
