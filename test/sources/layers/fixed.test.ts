import { createReloader, type Failure, isChangeoverError } from 'changeover'
import { defaults, environment, layers } from 'changeover/layers'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { composedRevision } from '../../../src/sources/layers/composed-revision.ts'
import { declaredPaths } from '../../../src/sources/layers/fixed/declared-paths.ts'
import { SerialReader } from '../../../src/sources/layers/serial-reader.ts'

const messageOf = (call: () => unknown): string => {
  try {
    call()
    return 'nothing was thrown'
  } catch (error) {
    return isChangeoverError(error) ? `${error.code}: ${error.failures[0]?.detail}` : 'an error without a code'
  }
}

describe('Defaults', () => {
  it.each([
    [{ a: { b: () => {} } }, 'defaults must be what JSON can hold at a.b'],
    [new Map(), 'defaults must be what JSON can hold'],
    [[], 'defaults must get an object'],
    [null, 'defaults must get an object'],
  ])('that JSON cannot hold are refused with the path (%#)', (given, detail) => {
    expect(messageOf(() => defaults(given as object))).toBe(`reloader.invalid-option: ${detail}`)
  })
})

it.each([
  ['defaults', () => defaults({ a: 1 })],
  ['the environment', () => environment({ prefix: 'APP_', env: {} })],
])('A watch of %s ends when its signal aborts, although the source stays open', async (_, make) => {
  const source = make()
  source.attach?.({ schema: z.strictObject({ a: z.number().optional() }) } as never)
  const { revision } = await source.read(new AbortController().signal)
  const controller = new AbortController()
  const events = source.watch(revision, controller.signal)[Symbol.asyncIterator]()
  expect(await events.next()).toEqual({ done: false, value: { kind: 'opened' } })
  const next = events.next()
  controller.abort()
  expect(await next).toEqual({ done: true, value: undefined })
})

it('A variable whose name leads to nothing is told the usual name of the nearest path, whatever that path is made of', async () => {
  const schema = z.strictObject({ db: z.strictObject({ 'max-size': z.number().optional() }).optional() })
  const reported: Failure[] = []
  const note = (data: object): void => {
    const { changeover } = data as { changeover?: Failure }
    if (changeover?.code === 'source.unmapped-variable') reported.push(changeover)
  }
  const logger = { debug: () => {}, info: () => {}, warn: note, error: note }
  const env = { APP_DB_MAX_SIZE: '1' }
  const reloader = createReloader({ source: layers([environment({ prefix: 'APP_', env })]), schema, logger })
  await reloader.start()
  await reloader.close()
  expect(reported.map(({ detail }) => detail)).toEqual([expect.stringContaining('db.max-size, APP_DB__MAX_SIZE')])
})

it('Of many variables that are refused, twenty are named, and the others are counted', async () => {
  const names = Array.from({ length: 25 }, (_, index) => `v${String(index).padStart(2, '0')}`)
  const schema = z.strictObject(Object.fromEntries(names.map((name) => [name, z.number().optional()])))
  const env = Object.fromEntries(names.map((name) => [`APP_${name.toUpperCase()}`, 'text']))
  const reloader = createReloader({ source: layers([environment({ prefix: 'APP_', env })]), schema })
  const message = String(await reloader.start().catch((error: unknown) => error))
  await reloader.close()
  expect(message).toContain('; 5 more')
  expect(names.filter((name) => message.includes(name.toUpperCase()))).toHaveLength(20)
})

it('A schema that names the keys of a record declares their paths, whatever it says of the values', () => {
  const named = { type: 'object', propertyNames: { enum: ['a', 'b'] } }
  expect(declaredPaths(named)).toEqual([['a'], ['b']])
  // One part of a schema names a key of which only another one says more.
  const below = { type: 'object', properties: { c: { type: 'number' } } }
  const parts = { allOf: [named, { type: 'object', properties: { a: below } }] }
  expect(declaredPaths(parts)).toEqual(expect.arrayContaining([['a'], ['b'], ['a', 'c']]))
  const deep = { ...named, additionalProperties: { type: 'object', properties: { c: { type: 'number' } } } }
  expect(declaredPaths(deep)).toEqual(
    expect.arrayContaining([
      ['a', 'c'],
      ['b', 'c'],
    ]),
  )
})

it('The order of a whole is the sum of those of its layers, and counts a layer that was never read as nothing', () => {
  const at = (order: number) => ({ kind: 'memory', revision: { lineage: 'l', name: `${order}`, order } })
  expect(composedRevision([at(3), at(4)], '').order).toBe(7)
  expect(composedRevision([at(3), { kind: 'memory', revision: undefined }], '').order).toBe(3)
  expect(composedRevision([], '').order).toBe(0)
})

it('A read of a layer that is given up ends as a failed one, and breaks nothing', async () => {
  const source = memorySource('{}')
  source.hangReads({ deaf: true })
  const reader = new SerialReader(source, createVirtualClock(), 1_000)
  const controller = new AbortController()
  const reading = reader.read(controller.signal)
  controller.abort()
  expect(await reading).toMatchObject({ kind: 'failed', failure: { code: 'source.closed' } })
})
