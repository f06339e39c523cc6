import { ignoreRejection, isThenable } from '../async/thenable.ts'
import type { Path } from '../model/data/not-plain.ts'
import { refusalText } from '../model/refusal.ts'
import type { Schema, SchemaResult } from '../model/schema.ts'
import { arktypePart } from './arktype-parts.ts'
import type { PartResult, SchemaPart } from './schema-parts.ts'
import { valibotPart } from './valibot-parts.ts'
import { zodPart } from './zod-parts.ts'
import { validateSafely } from './validate-safely.ts'

// What user code has thrown is not written to.
const places = new WeakMap<object, Path>()

/** Returns where in the document the rule sits that has thrown this error; undefined if that could not be told. */
export const throwerPathOf = (error: unknown): Path | undefined => (isObject(error) ? places.get(error) : undefined)

/** Validates. If a rule of the user throws, finds out which, by running the parts of the schema alone. */
export const validateBy = (
  schema: Schema,
  input: unknown,
  length?: number,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> => {
  try {
    const result = validateSafely(schema, input, length)
    if (!isThenable(result)) return result
    return new Promise<SchemaResult<unknown>>((resolve) => resolve(result)).catch((error: unknown) =>
      searchLater(schema, input, error),
    )
  } catch (error) {
    note(error, searchAtOnce(startSearch(schema, input), error))
    throw error
  }
}

const searchLater = async (schema: Schema, input: unknown, error: unknown): Promise<never> => {
  note(error, await searchOn(startSearch(schema, input), error))
  throw error
}

const note = (error: unknown, path: Path | undefined): void => {
  if (path !== undefined && isObject(error)) places.set(error, path)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

type Call = () => PartResult | Promise<PartResult>

interface Ended {
  /** True if it has thrown the error that is looked for. */
  readonly throws: boolean
  readonly result: PartResult
}

/** The calls yield, so that one search does for rules that return promises and for those that do not. */
interface Search {
  readonly calls: Generator<Call, void, Ended>
  /** The deepest place so far; undefined before the first. */
  readonly path: () => Path | undefined
}

const startSearch = (schema: Schema, input: unknown): Search => {
  let found: Path | undefined
  function* walk(part: SchemaPart, value: unknown, path: Path): Generator<Call, void, Ended> {
    found = path
    let current = value
    const stages = part.stages()
    for (const stage of stages) {
      const { throws, result } = yield () => stage.run(current)
      if (throws) return yield* walk(stage, current, path)
      if (result === undefined) return
      current = result.value
    }
    if (stages.length > 0) return
    for (const { key, value: member, part: child } of part.members(value)) {
      const { throws } = yield () => child.run(member)
      if (throws) return yield* walk(child, member, key === undefined ? path : [...path, key])
    }
  }
  function* start(): Generator<Call, void, Ended> {
    const root = partOf(schema)
    if (root !== undefined) yield* walk(root, input, [])
  }
  return { calls: start(), path: () => found }
}

const partOf = (schema: Schema): SchemaPart | undefined => {
  switch (schema['~standard'].vendor) {
    case 'zod':
      return zodPart(schema as never)
    case 'valibot':
      return valibotPart(schema as never)
    case 'arktype':
      return arktypePart(schema as never)
    default:
      return undefined
  }
}

/** The rules run again, so their number is limited. */
const MAX_CALLS = 1_000

const searchAtOnce = ({ calls, path }: Search, error: unknown): Path | undefined => {
  try {
    let next = calls.next()
    for (let left = MAX_CALLS; !next.done && left > 0; left--) {
      const { throws, result } = startOf(next.value, error)
      if (isThenable(result)) ignoreRejection(result)
      next = calls.next({ throws, result: isThenable(result) ? undefined : result })
    }
  } catch {
    // Another version of the library: what has been found stands.
  }
  return path()
}

const searchOn = async ({ calls, path }: Search, error: unknown): Promise<Path | undefined> => {
  try {
    let next = calls.next()
    for (let left = MAX_CALLS; !next.done && left > 0; left--) {
      const { throws, result } = startOf(next.value, error)
      next = calls.next(isThenable(result) ? await endOf(result, error) : { throws, result })
    }
  } catch {
    // As above.
  }
  return path()
}

interface Started {
  readonly throws: boolean
  readonly result: PartResult | Promise<PartResult>
}

const startOf = (call: Call, error: unknown): Started => {
  try {
    return { throws: false, result: call() }
  } catch (thrown) {
    return { throws: isSame(thrown, error), result: undefined }
  }
}

const endOf = (result: Promise<PartResult>, error: unknown): Promise<Ended> =>
  result.then(
    (value) => ({ throws: false, result: value }),
    (thrown: unknown) => ({ throws: isSame(thrown, error), result: undefined }),
  )

/** A rule that runs again throws another error of the same text. */
const isSame = (thrown: unknown, error: unknown): boolean => {
  const text = refusalText(error)
  if (text !== undefined) return refusalText(thrown) === text
  if (thrown === error) return true
  return thrown instanceof Error && error instanceof Error && `${thrown}` === `${error}`
}
