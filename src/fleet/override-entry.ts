import { FLEET_SCHEMA, parseFleetText } from './instance-entry.ts'

/** A value that lies above that of the document for a while. Its lease ends it, whatever becomes of who made it. */
export interface OverrideEntry {
  /** Those that were made later come later, and count more. */
  readonly id: string
  readonly path: readonly string[]
  readonly value: unknown
  readonly by: string
  readonly reason: string
  /** Wall-clock time in milliseconds since the Unix epoch at which it ends, as far as the clock of its maker is right. */
  readonly until: number
}

/** The folder in which the overrides of a document lie. */
export const OVERRIDES = 'overrides/'

export const overrideName = (id: string): string => `${OVERRIDES}${id}`

export const encodeOverride = (entry: OverrideEntry): string => JSON.stringify({ schema: FLEET_SCHEMA, ...entry })

/** Returns `undefined` for what this version does not understand. */
export const decodeOverride = (text: string): OverrideEntry | undefined => {
  const value = parseFleetText(text)
  if (value === undefined) return undefined
  const { id, path } = value
  const isPath = Array.isArray(path) && path.length > 0 && path.every((key) => typeof key === 'string')
  return isPath && typeof id === 'string' && 'value' in value ? (value as unknown as OverrideEntry) : undefined
}

/** The config that overrides make, to be laid above the document. The last one counts where two meet. */
export const composeOverrides = (entries: readonly OverrideEntry[]): object => {
  const root: Record<string, unknown> = Object.create(null)
  for (const { path, value } of entries) {
    let folder = root
    for (const key of path.slice(0, -1)) {
      const child = folder[key]
      const isFolder = typeof child === 'object' && child !== null && !Array.isArray(child)
      // A copy without a prototype: the value of another override stays as it is, and `__proto__` is a key like others.
      const next: Record<string, unknown> = Object.assign(Object.create(null), isFolder ? child : undefined)
      folder[key] = next
      folder = next
    }
    folder[path.at(-1) as string] = value
  }
  return root
}

/** The override that decides the value at a path. */
export const overrideAt = (
  entries: readonly OverrideEntry[],
  path: readonly (string | number)[],
): OverrideEntry | undefined =>
  entries.findLast((entry) => {
    const length = Math.min(entry.path.length, path.length)
    return entry.path.slice(0, length).every((key, index) => key === String(path[index]))
  })
