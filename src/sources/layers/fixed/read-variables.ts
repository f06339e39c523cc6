import type { Path } from '../../../model/data/not-plain.ts'
import type { JsonSchema } from '../../../model/json-schema.ts'
import { nearName } from '../../../model/data/near-name.ts'
import { declaredPaths, type Found, findPath } from './declared-paths.ts'
import { readValue } from './variable-value.ts'

/** A variable of the environment. */
export interface Variable {
  readonly name: string
  readonly text: string
}

/** What the variables come to. Texts name variables and paths that the schema declares, and no value. */
export interface ReadVariables {
  readonly value: object
  /** The names of the variables, by the JSON text of their path. */
  readonly names: ReadonlyMap<string, string>
  readonly bad: readonly { readonly path: Path; readonly detail: string }[]
  readonly unmapped: readonly string[]
  readonly ambiguous: readonly string[]
}

type Mapped = Variable & Extract<Found, { readonly kind: 'found' }>

/** Reads variables as the schema says. One that is set deeper is put into what another has set above it. */
export const readVariables = (variables: readonly Variable[], prefix: string, schema: JsonSchema): ReadVariables => {
  const unmapped: string[] = []
  const ambiguous: string[] = []
  const byPath = new Map<string, Mapped[]>()
  for (const variable of variables) {
    const { name } = variable
    const found = findPath(name.slice(prefix.length).split('__'), schema)
    if (found.kind === 'none') unmapped.push(withNearest(name, prefix, schema))
    else if (found.kind === 'several') ambiguous.push(`${name}: ${found.paths.join(' or ')}`)
    else {
      const key = JSON.stringify(found.path)
      byPath.set(key, [...(byPath.get(key) ?? []), { ...variable, ...found }])
    }
  }
  const used: Mapped[] = []
  for (const same of byPath.values()) {
    const [first, ...others] = same
    if (first === undefined) continue
    if (others.length === 0) used.push(first)
    else ambiguous.push(`${same.map(({ name }) => name).join(' and ')}: ${first.path.join('.')}`)
  }
  used.sort((a, b) => a.path.length - b.path.length)
  return { ...assembled(used, schema), unmapped, ambiguous }
}

const assembled = (used: readonly Mapped[], schema: JsonSchema): Pick<ReadVariables, 'value' | 'names' | 'bad'> => {
  const value: Record<string, unknown> = {}
  const names = new Map<string, string>()
  const bad: { path: Path; detail: string }[] = []
  for (const { name, text, path, nodes } of used) {
    const read = readValue(text, nodes, schema)
    const isPut = read.kind === 'value' && put(value, path, read.value)
    if (isPut) names.set(JSON.stringify(path), name)
    else if (read.kind === 'bad') bad.push({ path, detail: `${name}: expected ${read.expected}` })
    else bad.push({ path, detail: `${name}: another variable has a value above it that is no object` })
  }
  return { value, names, bad }
}

/** Returns false if something on the way is no object. */
const put = (root: Record<string, unknown>, path: readonly string[], value: unknown): boolean => {
  let at = root
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : {}
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return false
    at[key] = next
    at = next as Record<string, unknown>
  }
  at[path.at(-1) ?? ''] = value
  return true
}

const withNearest = (name: string, prefix: string, schema: JsonSchema): string => {
  const paths = declaredPaths(schema)
  const byName = new Map(paths.map((path) => [path.join('_'), path]))
  const near = nearName(name.slice(prefix.length).replace(/_+/g, '_'), [...byName.keys()])
  const path = near === undefined ? undefined : byName.get(near)
  return path === undefined ? name : `${name}: the nearest is ${path.join('.')}, ${variableOf(path, prefix)}`
}

/** How the variable of a path is usually written. */
const variableOf = (path: readonly string[], prefix: string): string =>
  prefix +
  path
    .map((key) =>
      key
        .replace(/([a-z\d])([A-Z])/g, '$1_$2')
        .replace(/[^A-Za-z\d]+/g, '_')
        .toUpperCase(),
    )
    .join('__')
