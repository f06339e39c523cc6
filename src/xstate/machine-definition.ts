const definitions = new WeakMap<object, object>()

/**
 * A chart as plain, frozen data: a viewer can draw it, and nobody can change the machine by it. Made once a chart, and
 * without its first context, which is data and no part of the drawing.
 */
export const definitionOf = (chart: object): object => {
  const known = definitions.get(chart)
  if (known !== undefined) return known
  const { context: _, ...drawn } = chart as { readonly context?: unknown }
  const made = plain(drawn) as object
  definitions.set(chart, made)
  return made
}

const plain = (value: unknown): unknown => {
  if (typeof value === 'function') return Object.freeze({ type: nameOf(value) })
  if (Array.isArray(value)) return Object.freeze(value.map(plain))
  if (typeof value !== 'object' || value === null) return value
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, plain(inner)])))
}

/** A combined guard in words, `isNewer and not hasServed`; else the function's name, as inspectors do. */
const nameOf = (part: unknown): string => {
  if (typeof part !== 'function') return String(typeof part === 'object' ? (part as { type?: unknown }).type : part)
  if (!('guards' in part) || !Array.isArray(part.guards)) return part.name
  const names = part.guards.map(nameOf)
  return part.name === 'not' ? `not ${names.join()}` : names.join(` ${part.name} `)
}
