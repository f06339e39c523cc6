import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createReloader } from '../../src/index.ts'
import type { Schema } from '../../src/model/schema.ts'
import { shapeOf } from '../../src/schema/schema-shape.ts'
import { undeclaredPaths } from '../../src/schema/undeclared-paths.ts'
import { memorySource } from '../../src/testing/index.ts'

const found = (schema: unknown, ...paths: readonly string[]): readonly string[] =>
  undeclaredPaths({ public: paths, restart: { paths: [] } }, shapeOf(schema as Schema))

const parts = {
  log: z.strictObject({ level: z.enum(['info', 'debug']) }),
  hosts: z.array(z.strictObject({ name: z.string() })),
  pair: z.tuple([z.string(), z.strictObject({ a: z.string() })]),
  quotas: z.record(z.string(), z.strictObject({ max: z.number() })),
  regions: z.record(z.enum(['eu', 'us']), z.number()),
  free: z.looseObject({ a: z.string() }),
  any: z.unknown().optional(),
  store: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('file'), path: z.string() }),
    z.strictObject({ kind: z.literal('etcd'), key: z.string() }),
  ]),
  maybe: z.strictObject({ a: z.string() }).nullable().optional(),
}

describe('A path that no config can have', () => {
  it.each([
    ['a strict object', z.strictObject(parts)],
    ['an object that drops other keys', z.object(parts)],
  ])('is found in %s, and no other', (_, schema) => {
    const right = [
      ...[
        'log',
        'log.level',
        'hosts.*.name',
        'hosts.0',
        'hosts.3.name',
        'pair.1.a',
        'quotas.acme.max',
        'quotas.*',
        'regions.eu',
      ],
      ...['free.b.c', 'any.x.y', 'store.kind', 'store.path', 'store.key', 'maybe.a', '*.level', '*'],
    ]
    const wrong = [
      ...['lgo', 'log.levle', 'log.level.x', 'hosts.name', 'hosts.*.nam', 'quotas.acme.mx', 'regions.xx'],
      ...['store.pth', 'maybe.b', 'hosts.0.0', '*.levle'],
    ]
    expect(found(schema, ...right)).toEqual([])
    // `*` may stand for a part that is open.
    expect(found(schema, ...wrong)).toEqual(wrong.filter((path) => path !== '*.levle'))
  })

  it('is found by what other libraries say of a schema', () => {
    const strict = v.strictObject({ log: v.strictObject({ level: v.string() }) })
    expect(found(strict, 'log.level', 'log.levle')).toEqual(['log.levle'])
    const closed = type({ '+': 'reject', log: { '+': 'reject', level: 'string' } })
    expect(found(closed, 'log.level', 'log.levle')).toEqual(['log.levle'])
    // Other keys stay in the config.
    expect(found(type({ log: { level: 'string' } }), 'log.levle')).toEqual([])
  })

  it('is none where the schema cannot be asked, or names a key otherwise in what it returns', () => {
    expect(
      found(
        z.strictObject({ a: z.string() }).transform(({ a }) => ({ b: a })),
        'b',
        'c',
      ),
    ).toEqual([])
    const renamed = z.pipe(
      z.strictObject({ a: z.string() }),
      z.transform(({ a }: { a: string }) => ({ b: a })),
    )
    expect(found(z.strictObject({ x: renamed.pipe(z.strictObject({ b: z.string() })) }), 'x.a', 'x.b', 'x.c')).toEqual([
      'x.c',
    ])
    const mute = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } }
    expect(found(mute, 'lgo')).toEqual([])
    interface Node {
      readonly next?: Node | undefined
    }
    const Node: z.ZodType<Node> = z.strictObject({
      get next() {
        return Node.optional()
      },
    })
    expect(found(Node, 'next.next.next', 'next.nxt')).toEqual(['next.nxt'])
  })

  it('is reported once at the start, with the option as it was written', async () => {
    const warnings: object[] = []
    const logger = {
      debug: () => {},
      info: () => {},
      warn: (data: object) => void warnings.push(data),
      error: () => {},
    }
    const options = {
      source: memorySource({ log: { level: 'info' } }),
      schema: z.strictObject({ log: z.strictObject({ level: z.string() }), port: z.int().default(1) }),
      logger,
      public: ['log', 'lgo'],
      restart: ['prot'],
    }
    const reloader = createReloader(options as unknown as Parameters<typeof createReloader>[0])
    await reloader.start()
    await reloader.close()
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'schema.undeclared-path',
        changeover: expect.objectContaining({ detail: 'lgo, prot' }),
      }),
    ])
  })
})
