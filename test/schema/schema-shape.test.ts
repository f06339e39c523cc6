import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z as zod3 } from 'zod/v3'
import { findNotPlain } from '../../src/schema/plain-output.ts'
import { shapeOf } from '../../src/schema/schema-shape.ts'

describe('The shape of a schema', () => {
  it('has both sides of an intersection of zod 3', () => {
    const schema = zod3.intersection(zod3.object({ a: zod3.string() }), zod3.object({ b: zod3.number() }))
    expect(shapeOf(schema).input).toMatchObject({
      allOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: { type: 'number' } } }],
    })
  })

  it('ends for a schema of valibot that contains itself through pipes of pipes', () => {
    interface Node {
      readonly name: string
      readonly next?: Node | undefined
    }
    const isNamed = v.check(({ name }: Node) => name !== '')
    const object = v.object({ name: v.string(), next: v.optional(v.lazy(() => node)) })
    const node: v.GenericSchema<Node> = v.pipe(v.pipe(v.pipe(object, isNamed), isNamed), isNamed)
    const shape = shapeOf(node).input
    expect(shape).toMatchObject({ properties: { next: { properties: { name: { type: 'string' } } } } })
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    expect(depthOf(shape)).toBeLessThan(60)
  })
})

describe('What a schema returns', () => {
  it('is searched for something else than plain data in its first 5,000 parts, so that a start stays short', () => {
    const withDateAt = (place: number) => ({
      properties: Object.fromEntries(
        Array.from({ length: place }, (_, n) => [`key${n + 1}`, n + 1 === place ? { 'x-kind': 'date' } : {}]),
      ),
    })
    expect(findNotPlain(withDateAt(4_999))).toEqual({ path: ['key4999'], kind: 'a Date' })
    expect(findNotPlain(withDateAt(5_000))).toBeUndefined()
  })
})
