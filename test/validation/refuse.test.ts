import { type } from 'arktype'
import { createReloader, defineApplier, permanent, refuse, type Schema, transient } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { failure } from '../../src/model/failure.ts'
import { secret, secretsIn, show } from '../support/secrets.ts'
import { failuresOf } from './refusals.ts'
import { Config, good, startService } from './service.ts'

const S = secret('value')
const TEXT = 'max may at most double'
const say = (): never => refuse(TEXT)
const fail = (): never => {
  throw new TypeError(S)
}

const schemas = (rule: () => never): readonly (readonly [string, Schema])[] => [
  ['superRefine of zod', z.object({ a: z.string().superRefine(rule) })],
  ['refine of zod', z.object({ a: z.string().refine(rule) })],
  ['check of zod', z.object({ a: z.string().check(rule) })],
  ['transform of zod', z.object({ a: z.string().transform(rule) })],
  ['preprocess of zod', z.object({ a: z.preprocess(rule, z.string()) })],
  ['a union of zod', z.object({ a: z.union([z.number(), z.string().refine(rule)]) })],
  ['check of valibot', v.object({ a: v.pipe(v.string(), v.check(rule)) })],
  ['rawCheck of valibot', v.object({ a: v.pipe(v.string(), v.rawCheck(rule)) })],
  ['transform of valibot', v.object({ a: v.pipe(v.string(), v.transform(rule)) })],
  ['custom of valibot', v.object({ a: v.custom(rule) })],
  [
    'checkAsync of valibot',
    v.objectAsync({
      a: v.pipeAsync(
        v.string(),
        v.checkAsync(async () => rule()),
      ),
    }),
  ],
  ['narrow of arktype', type({ a: type('string').narrow(rule) })],
  ['pipe of arktype', type({ a: type('string').pipe(rule) })],
  ['filter of arktype', type({ a: type('string').filter(rule) })],
  ['narrow of a whole arktype', type({ a: 'string' }).narrow(rule)],
  ['pipe.try of arktype', type({ a: type('string').pipe.try(rule) })],
]

describe('The text of refuse', () => {
  it.each(schemas(say))('is shown for a rule of the schema: %s', async (_, schema) => {
    const [first] = await failuresOf(schema, { a: S })
    expect(first).toMatchObject({ code: 'schema.refused', detail: TEXT })
    expect(first?.message).toContain(TEXT)
    expect(secretsIn(show(first))).toEqual([])
  })

  it('is shown for parse', async () => {
    const [first] = await failuresOf(Config, S, { parse: say })
    expect(first).toMatchObject({ code: 'document.refused', detail: TEXT })
  })

  it('is shown for a policy, whether its result is thrown or not', async () => {
    const policies = [() => undefined, (_: unknown, previous: unknown) => (previous === undefined ? undefined : say())]
    const service = await startService({ policies })
    service.source.put({ ...good, db: { max: 50, password: S } })
    await service.clock.advance(0)
    const { last } = service.reloader.status()
    expect(last).toMatchObject({ failures: [{ code: 'policy.refused', detail: `policy 2: ${TEXT}` }] })
    expect(JSON.stringify(service.logs)).toContain(TEXT)
    expect(secretsIn(show([last, service.logs]))).toEqual([])
    await service.reloader.close()
  })

  const applied = async (phase: 'prepare' | 'apply' | 'check', rule: () => never) => {
    const clock = createVirtualClock()
    const source = memorySource({ max: 1 })
    let isBad = false
    const throwIfBad = () => (isBad ? rule() : undefined)
    const reloader = createReloader({ source, schema: z.object({ max: z.number() }), clock, soak: 1_000 })
    reloader.use('a', (config) => config, {
      prepare: () => {
        if (phase === 'prepare') throwIfBad()
        return { instance: 1, check: async () => void (phase === 'check' && throwIfBad()) }
      },
    })
    if (phase === 'apply') {
      reloader.use(
        'b',
        (config) => config,
        defineApplier<{ max: number }>({
          apply: (_next, _previous, { direction }) => void (direction === 'forward' && throwIfBad()),
        }),
      )
    }
    const started = reloader.start()
    await clock.advance(2_000)
    await started
    isBad = true
    source.put({ max: 2 })
    await clock.advance(2_000)
    const status = reloader.status()
    isBad = false
    const closed = reloader.close()
    await clock.advance(1_000)
    await closed
    return status
  }

  it.each(['prepare', 'apply', 'check'] as const)('is shown for an applier: %s', async (phase) => {
    const { last } = await applied(phase, say)
    expect(last).toMatchObject({
      outcome: 'rolled-back',
      failures: [{ phase: phase === 'apply' ? 'complete' : phase, detail: TEXT }],
    })
  })

  it.each(['prepare', 'apply', 'check'] as const)(
    'is a plain failure otherwise, with the name of its error: %s',
    async (phase) => {
      const { last } = await applied(phase, fail)
      expect(last).toMatchObject({ outcome: 'rolled-back', failures: [{ cause: { name: 'TypeError' } }] })
      expect(JSON.stringify(last)).toContain('cause TypeError')
      expect(secretsIn(show(last))).toEqual([])
    },
  )

  it('is permanent for an applier only if it says so', async () => {
    const untilAfter = async (rule: () => never) => (await applied('prepare', rule)).quarantine[0]?.nextTryAt
    expect(await untilAfter(say)).toEqual(expect.any(Number))
    expect(await untilAfter(() => refuse(TEXT, { permanent: true }))).toBeUndefined()
  })

  it('is found through other errors, and needs no more than a text', () => {
    const caught = (call: () => never): unknown => {
      try {
        return call()
      } catch (error) {
        return error
      }
    }
    expect(caught(() => refuse({ password: S } as never))).toBeInstanceOf(TypeError)
    const wrapped = transient(new Error(S, { cause: permanent(caught(say)) }))
    expect(failure('module.prepare-failed', {}, wrapped).message).toContain(TEXT)
    expect(
      failure(
        'module.prepare-failed',
        {},
        caught(() => refuse('a\n\u0000b')),
      ).detail,
    ).toBe('a b')
    expect(
      failure(
        'module.prepare-failed',
        {},
        caught(() => refuse('x'.repeat(1_000))),
      ).detail,
    ).toHaveLength(300)
  })
})

describe('A plain throw', () => {
  it.each(schemas(fail))('is shown by its name if a rule of the schema throws: %s', async (_, schema) => {
    const [first] = await failuresOf(schema, { a: S })
    expect(['schema.threw', 'schema.invalid']).toContain(first?.code)
    if (first?.code === 'schema.threw') expect(first.message).toContain('cause TypeError')
    expect(secretsIn(show(first))).toEqual([])
  })

  it('is shown by its name if a policy or parse throws', async () => {
    const [parsed] = await failuresOf(Config, S, { parse: fail })
    expect(parsed?.message).toContain('cause TypeError')
    const service = await startService({ policies: [(_, previous) => (previous === undefined ? undefined : fail())] })
    service.source.put({ ...good, db: { max: 50, password: S } })
    await service.clock.advance(0)
    expect(JSON.stringify(service.reloader.status().last)).toContain('policy 1, phase validating')
    expect(JSON.stringify(service.logs)).toContain('cause TypeError')
    expect(secretsIn(show(service.logs))).toEqual([])
    await service.reloader.close()
  })
})
