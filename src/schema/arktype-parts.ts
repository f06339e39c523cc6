import { keyedMembers, type PartMember, type PartResult, type SchemaPart } from './schema-parts.ts'

/** What is used of a type of arktype. */
interface Arktype {
  readonly '~standard': {
    readonly validate: (value: unknown) => { readonly value?: unknown; readonly issues?: unknown }
  }
  readonly in?: Arktype
  readonly get?: (key: string | number) => Arktype
  readonly distribute?: (each: (branch: Arktype) => unknown) => unknown
  /** What an alias stands for. */
  readonly resolution?: Arktype
}

/** Makes a part of a type of arktype. */
export const arktypePart = (given: Arktype): SchemaPart => {
  const type = given.resolution ?? given
  return {
    run: (value): PartResult => {
      const result = type['~standard'].validate(value)
      return result.issues === undefined ? { value: result.value } : undefined
    },
    stages: () => [],
    members: (value) => [
      ...keyedMembers(value, (key, index) => partOfMember(type, index ?? key)),
      // What a morph reads: of the morph itself no member can be asked for.
      ...(type.in === undefined || type.in === type ? [] : [{ value, part: arktypePart(type.in) }]),
      ...branchMembers(type, value),
    ],
  }
}

const partOfMember = (type: Arktype, key: string | number): SchemaPart | undefined => {
  try {
    const member = type.get?.(key)
    return member === undefined ? undefined : arktypePart(member)
  } catch {
    return undefined // not every branch of a union has this key
  }
}

const branchMembers = (type: Arktype, value: unknown): readonly PartMember[] => {
  const branches: Arktype[] = []
  type.distribute?.((branch) => branches.push(branch))
  return branches.length < 2 ? [] : branches.map((branch) => ({ value, part: arktypePart(branch) }))
}
