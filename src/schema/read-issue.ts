import { memberOf } from '../model/data/value-at.ts'
import type { Path } from '../model/data/not-plain.ts'
import type { SchemaIssue } from '../model/schema.ts'
import type { JsonSchema } from '../model/json-schema.ts'
import { isUndecided } from './find-rules.ts'

/** What an issue says that no value can get into: its place, and its kind if that is a known one. */
export interface ReadIssue {
  readonly path: Path
  /** True if the last segment is the key itself, and not what it leads to. */
  readonly isKey: boolean
  /** Keys that an object must not have. */
  readonly unknownKeys: readonly string[]
  /** True if the rule is a function of the user, of which the schema shows nothing. */
  readonly isCustom: boolean
  /** What zod calls the issue. */
  readonly code: string | undefined
  readonly issue: SchemaIssue
}

// What zod calls its issues; another vendor's `code` may be made from data.
const zodCodes = new Set(
  'custom invalid_element invalid_format invalid_key invalid_type invalid_union invalid_value not_multiple_of too_big too_small unrecognized_keys'.split(
    ' ',
  ),
)
// What zod and valibot call rules that are functions of the user.
const customRules = new Set(
  'custom check raw_check partial_check check_items some_item every_item raw_transform'.split(' '),
)

interface ForeignIssue {
  readonly code?: unknown
  readonly type?: unknown
  readonly keys?: unknown
  readonly errors?: unknown
  readonly issues?: unknown
}

const MAX_NESTED = 100
const MAX_DEPTH = 8

/** Reads an issue. One of a union is replaced by those of the branch that was meant, if only one can be meant. */
export const readIssue = (issue: SchemaIssue, input: unknown, root: JsonSchema | undefined): readonly ReadIssue[] => {
  const path = pathOf(issue, input)
  const nested = root === undefined || isUndecided(root, input, path) ? [] : nestedOf(issue, input, root)
  return nested.length > 0 ? nested : [readOne(issue, path)]
}

const readOne = (issue: SchemaIssue, path: Path): ReadIssue => {
  const { code, type, keys } = issue as ForeignIssue
  const last = issue.path?.at(-1)
  const origin = typeof last === 'object' ? (last as { readonly origin?: unknown }).origin : undefined
  // arktype calls what tells the branches of a union apart a predicate too, but that has no function.
  const isPredicate = code === 'predicate' && ('predicate' in issue || !('meta' in issue))
  const isCustom = isPredicate || [code, type].some((rule) => typeof rule === 'string' && customRules.has(rule))
  return {
    path,
    isKey: origin === 'key' || code === 'invalid_key',
    unknownKeys:
      code === 'unrecognized_keys' && Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [],
    isCustom,
    code: typeof code === 'string' && zodCodes.has(code) ? code : undefined,
    issue,
  }
}

/** The issues of the branches of a union. Only one branch got beyond its root, or none was meant. */
const nestedOf = (issue: SchemaIssue, input: unknown, root: JsonSchema): readonly ReadIssue[] => {
  const { code, errors, issues } = issue as ForeignIssue
  // zod lists the issues of each branch, with paths that start at the union.
  if (code === 'invalid_union' && Array.isArray(errors)) {
    const deep = branchesOf(errors).filter((branch) => branch.every(isBelowRoot))
    const [branch] = deep
    if (branch === undefined || deep.length > 1) return []
    return branch.flatMap((each) =>
      readIssue({ ...each, path: [...(issue.path ?? []), ...(each.path ?? [])] }, input, root),
    )
  }
  // valibot lists them without saying which branch they are of.
  if (Array.isArray(issues)) {
    const deep = flatten(issues).filter(isBelowRoot)
    const base = issue.path ?? []
    return deep.map((each) => readOne(each, pathOf({ ...each, path: [...base, ...(each.path ?? [])] }, input)))
  }
  return []
}

/** The issues of each branch. A union that is a branch itself stands for its own. */
const branchesOf = (errors: readonly unknown[], depth = 0): readonly (readonly SchemaIssue[])[] =>
  errors.slice(0, MAX_NESTED).flatMap((branch) => {
    if (!Array.isArray(branch)) return []
    const [first] = branch as readonly (SchemaIssue & ForeignIssue)[]
    const isUnion = branch.length === 1 && first?.code === 'invalid_union' && first.path?.length === 0
    if (!isUnion || !Array.isArray(first?.errors) || depth === MAX_DEPTH) return [branch]
    return branchesOf(first.errors, depth + 1)
  })

const flatten = (issues: readonly unknown[], depth = 0): readonly SchemaIssue[] =>
  (issues as readonly (SchemaIssue & ForeignIssue)[]).slice(0, MAX_NESTED).flatMap((issue) => {
    const isUnion = Array.isArray(issue.issues) && (issue.path?.length ?? 0) === 0 && depth < MAX_DEPTH
    return isUnion ? flatten(issue.issues as readonly unknown[], depth + 1) : [issue]
  })

const isBelowRoot = (issue: SchemaIssue): boolean =>
  (issue.path?.length ?? 0) > 0 || (issue as ForeignIssue).code === 'unrecognized_keys'

/** The issue's path. A number that is not an index of an array may be data, so it becomes a key like any other. */
const pathOf = ({ path = [] }: SchemaIssue, input: unknown): Path => {
  let at = input
  return [...path].map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment
    const shown = typeof key === 'number' && Array.isArray(at) ? key : String(key)
    at = memberOf(at, shown)
    return shown
  })
}
