import { memberOf } from '../model/data/value-at.ts'

/** A part of a schema that can be run alone. */
export interface SchemaPart {
  /** Returns what it makes of a value, or throws what a rule of the user has thrown. */
  readonly run: (value: unknown) => PartResult | Promise<PartResult>
  /** Its parts that a value passes through one after another; empty unless it is a pipe. */
  readonly stages: () => readonly SchemaPart[]
  /** Its parts that look at the value or at members of it. */
  readonly members: (value: unknown) => readonly PartMember[]
}

/** `undefined` if the value was refused with an issue. */
export type PartResult = { readonly value: unknown } | undefined

export interface PartMember {
  /** Absent if the part looks at the same value. */
  readonly key?: string | number
  readonly value: unknown
  readonly part: SchemaPart
}

/** A rule alone: nothing is known of what it consists of. */
export const rulePart = (run: SchemaPart['run']): SchemaPart => ({ run, stages: () => [], members: () => [] })

/** The parts of an object or a list, by key. */
export const keyedMembers = (
  value: unknown,
  partOf: (key: string, index: number | undefined) => SchemaPart | undefined,
): readonly PartMember[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.keys(value).flatMap((name) => {
    const index = Array.isArray(value) ? Number(name) : undefined
    const part = partOf(name, index)
    return part === undefined ? [] : [{ key: index ?? name, value: memberOf(value, name), part }]
  })
}

/** The part that looks at the keys of an object. */
export const keyMembers = (value: unknown, part: SchemaPart | undefined): readonly PartMember[] => {
  if (part === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.keys(value).map((key) => ({ key, value: key, part }))
}
