import type { Source, SourceContext } from '../../../api/source.ts'
import { invalidOption } from '../../../model/option-checks.ts'
import type { Path } from '../../../model/data/not-plain.ts'
import { shapeOf } from '../../../schema/schema-shape.ts'
import { fixedSource, type UnnamedResult } from './fixed-source.ts'
import { readVariables, type Variable } from './read-variables.ts'

/** Options of {@link environment}. */
export interface EnvironmentOptions {
  /** The beginning of the names of all variables that are meant for the config, such as `APP_`. */
  readonly prefix: string
  /** The variables. They are read once, when the source is made. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Makes a layer of the variables of the environment. Two underscores separate the keys of a path: `APP_DB__MAX=20` is `db.max`. Case
 * and single underscores do not count, so `APP_DB__IDLE_MS` is `db.idleMs` if the schema declares that.
 *
 * A value becomes what the schema expects at its path: a number, a boolean, `null` or text; an object or a list is written as
 * JSON. A variable that leads to no path, or to more than one, is reported at the start and not used. A value that is not what is
 * expected rejects the document with `document.bad-variable`.
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * const source = layers([fileSource({ path: 'config.json' }), environment({ prefix: 'APP_' })])
 * ```
 */
export const environment = ({ prefix, env = process.env }: EnvironmentOptions): Source => {
  if (typeof prefix !== 'string' || prefix === '')
    throw invalidOption('environment: prefix must be a text that is not empty')
  if (typeof env !== 'object' || env === null) throw invalidOption('environment: env must be an object')
  const variables = Object.entries(env).flatMap(([name, text]) =>
    name.startsWith(prefix) && name.length > prefix.length && typeof text === 'string' ? [{ name, text }] : [],
  )
  return fixedSource({
    name: 'environment',
    endpoint: `${prefix}*`,
    read: (context) => documentOf(variables, prefix, context),
  })
}

const documentOf = (
  variables: readonly Variable[],
  prefix: string,
  context: SourceContext | undefined,
): UnnamedResult => {
  const shape = context === undefined ? undefined : shapeOf(context.schema).input
  const { value, names, bad, unmapped, ambiguous } = readVariables(variables, prefix, shape ?? {})
  if (unmapped.length > 0) context?.report('source.unmapped-variable', listed(unmapped))
  if (ambiguous.length > 0) context?.report('source.ambiguous-variable', listed(ambiguous))
  const [first] = bad
  if (first !== undefined) {
    const place = { path: first.path, detail: listed(bad.map(({ detail }) => detail)) }
    return { kind: 'malformed', code: 'document.bad-variable', place }
  }
  return {
    kind: 'document',
    content: JSON.stringify(value),
    origins: (path) => {
      const name = nameAt(names, path)
      return name === undefined ? [] : [{ kind: 'environment', at: name }]
    },
  }
}

const MAX_LISTED = 20

const listed = (texts: readonly string[]): string =>
  [...texts.slice(0, MAX_LISTED), ...(texts.length > MAX_LISTED ? [`${texts.length - MAX_LISTED} more`] : [])].join(
    '; ',
  )

/** The variable that holds the value at a path: one below it, else the nearest above. */
const nameAt = (names: ReadonlyMap<string, string>, path: Path): string | undefined => {
  const keys = path.map(String)
  for (let length = keys.length; length > 0; length--) {
    const name = names.get(JSON.stringify(keys.slice(0, length)))
    if (name !== undefined) return name
  }
  const start = `${JSON.stringify(keys).slice(0, -1)}${keys.length > 0 ? ',' : ''}`
  const below = [...names].filter(([key]) => key.startsWith(start)).map(([, name]) => name)
  return below.length === 0 ? undefined : below.join(', ')
}
