import type { ModuleDeadlines } from '../api/options.ts'
import { changeoverError } from '../model/failure.ts'
import { nearName } from '../model/data/near-name.ts'

/** How `use` links a module to others. */
export interface UseLinks {
  readonly after?: readonly string[]
  readonly needs?: Readonly<Record<string, string>>
  readonly deadlines?: ModuleDeadlines
}

const names = ['after', 'needs', 'deadlines']

/**
 * Checks the shape of links that the compiler has not seen: a misspelt one would silently link nothing. An option that is
 * undefined is absent.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 */
export const checkLinks = (module: string, links: unknown): UseLinks => {
  const refuse = (detail: string) => changeoverError('reloader.invalid-option', { module, detail })
  if (!isObject(links)) {
    const given =
      typeof links === 'string' || Array.isArray(links) ? `; to come after modules, write { after: […] }` : ''
    throw refuse(`the links of a module must be an object with after, needs or deadlines${given}`)
  }
  for (const name of Object.keys(links)) {
    if (names.includes(name)) continue
    const near = nearName(name, names)
    throw refuse(
      `there is no link "${name}", ${near === undefined ? 'only after, needs and deadlines' : `did you mean "${near}"?`}`,
    )
  }
  const { after = [], needs = {}, deadlines = {} } = links
  if (!Array.isArray(after)) {
    const example = typeof after === 'string' ? `["${after}"]` : '["name"]'
    throw refuse(`after must be an array of module names: ${example}`)
  }
  if (!after.every(isName)) throw refuse('after must be an array of module names, and each a non-empty text')
  if (!isObject(needs)) throw refuse('needs must be an object that names a module for each need: { need: "module" }')
  for (const [need, name] of Object.entries(needs)) {
    if (!isName(name)) throw refuse(`needs.${need} must be the name of a module`)
  }
  if (!isObject(deadlines)) throw refuse('deadlines must be an object of milliseconds')
  return links
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''
