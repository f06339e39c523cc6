type Key = string | number

/** A path of the config, as its keys. */
export type FollowedPath = readonly Key[]

/** Paths that are noted of one module; beyond them it counts as following everything. */
const MAX_PATHS = 1_000

/** The path of everything: what a module follows if it cannot be found out. */
const EVERYTHING: readonly FollowedPath[] = [[]]

/**
 * Finds the parts of a config that a module's `select` reads: the values, and the objects that it returns or lists the keys
 * of. It calls `select` with a copy that notes what is read, and takes everything for followed if that throws.
 */
export const followedPaths = (select: (config: unknown) => unknown, config: unknown): readonly FollowedPath[] => {
  const recorder = createRecorder()
  try {
    recorder.noteWhole(select(recorder.wrap(config, [])))
    return recorder.paths.size > MAX_PATHS ? EVERYTHING : [...recorder.paths.values()]
  } catch {
    return EVERYTHING // A select that copies with structuredClone, for one.
  }
}

const createRecorder = () => {
  const paths = new Map<string, FollowedPath>()
  const places = new WeakMap<object, FollowedPath>()
  const note = (path: FollowedPath): void => {
    if (paths.size <= MAX_PATHS) paths.set(JSON.stringify(path), path)
  }

  const wrap = (value: unknown, path: FollowedPath): unknown => {
    if (typeof value !== 'object' || value === null) {
      note(path)
      return value
    }
    const read = (key: string | symbol): unknown => {
      const member: unknown = Reflect.get(value, key)
      if (typeof key === 'symbol' || !Object.hasOwn(value, key)) return member // A method of arrays, or nothing.
      if (!Array.isArray(value)) return wrap(member, [...path, key])
      if (key !== 'length') return wrap(member, [...path, Number(key)])
      note(path)
      return member
    }
    // The config is frozen, so a proxy of it could return nothing else: the proxy stands for an empty object instead.
    const wrapped: object = new Proxy(Array.isArray(value) ? [] : {}, {
      get: (_, key) => read(key),
      has: (_, key) => Reflect.has(value, key),
      ownKeys: () => {
        note(path)
        return Reflect.ownKeys(value)
      },
      getOwnPropertyDescriptor: (_, key) => {
        const found = Reflect.getOwnPropertyDescriptor(value, key)
        if (found === undefined) return undefined
        const isLength = Array.isArray(value) && key === 'length'
        return { value: read(key), writable: true, enumerable: found.enumerable ?? true, configurable: !isLength }
      },
      set: () => false,
      deleteProperty: () => false,
      defineProperty: () => false,
    })
    places.set(wrapped, path)
    return wrapped
  }

  /** Notes each part of the config in a slice, and what such a part holds is followed with it. */
  const noteWhole = (slice: unknown, depth = 0): void => {
    if (typeof slice !== 'object' || slice === null || depth > 32) return
    const place = places.get(slice)
    if (place !== undefined) return note(place)
    for (const member of Object.values(slice)) noteWhole(member, depth + 1)
  }
  return { paths, wrap, noteWhole }
}
