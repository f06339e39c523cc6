import type { ConfigNode, ConfigTree } from '../api/internal/inspected.ts'
import type { Visibility } from '../model/visibility.ts'
import { type FollowedPath, followedPaths } from '../modules/followed-paths.ts'
import type { Explain } from './explain.ts'

type Key = string | number

interface Follower {
  readonly name: string
  readonly select: (config: unknown) => unknown
}

/** Parts that are shown; a document can have a hundred thousand. */
const MAX_NODES = 2_000
/** Longer public values are cut. */
const MAX_VALUE_CHARACTERS = 500

/** The modules that follow a place of the config, and what lies below it. */
interface Place {
  readonly modules: Set<string>
  readonly below: Map<Key, Place>
}

/**
 * Shows the config as a tree: public values, others without their value, with the modules that follow each part and where the
 * values come from.
 */
export const effectiveConfig = (
  config: unknown,
  visibility: Visibility,
  followers: Iterable<Follower>,
  explain: Explain,
): ConfigTree => {
  const root = createPlace()
  for (const { name, select } of followers) {
    for (const path of followedPaths(select, config)) placeAt(root, path).modules.add(name)
  }
  let left = MAX_NODES
  let omitted = 0

  const nodeOf = (value: unknown, path: FollowedPath, place: Place | undefined, isInFollowed: boolean): ConfigNode => {
    left -= 1
    const isFollowed = isInFollowed || (place?.modules.size ?? 0) > 0
    const about = {
      key: lastKey(path, visibility),
      modules: [...(place?.modules ?? [])],
      isUnfollowed: !isFollowed && (place?.below.size ?? 0) === 0,
    }
    if (typeof value !== 'object' || value === null) {
      const shown = visibility.isPublic(path) ? { value: truncate(value) } : {}
      return { ...about, ...originOf(path, explain), kind: 'value', ...shown }
    }
    const isArray = Array.isArray(value)
    const children = Object.entries(value).flatMap(([name, member]) => {
      const key = isArray ? Number(name) : name
      if (left > 0) return [nodeOf(member, [...path, key], place?.below.get(key), isFollowed)]
      omitted += 1
      return []
    })
    return isArray
      ? { ...about, ...originOf(path, explain), kind: 'array', children }
      : { ...about, kind: 'object', children }
  }
  const tree = nodeOf(config, [], root, false)
  return { root: tree, omitted }
}

const createPlace = (): Place => ({ modules: new Set(), below: new Map() })

const placeAt = (root: Place, path: FollowedPath): Place =>
  path.reduce((place: Place, key) => {
    const next = place.below.get(key) ?? createPlace()
    place.below.set(key, next)
    return next
  }, root)

/** The visibility joins a path with dots, and a key may have one: the parent's text ends where the key begins. */
const lastKey = (path: FollowedPath, visibility: Visibility): string => {
  const key = path.at(-1)
  if (key === undefined) return '(root)'
  return typeof key === 'number' || visibility.show(path).endsWith(String(key)) ? String(key) : '*'
}

/** A place may have keys in it, so it is left out where they may not be shown. */
const originOf = (path: FollowedPath, explain: Explain): { readonly origin?: string } => {
  const { path: shown, origins } = explain(path)
  const [winner] = origins
  if (winner === undefined) return {}
  const { layer, kind, at } = winner
  const isShown = !shown.split('.').includes('*')
  return { origin: isShown ? [...(layer === undefined ? [] : [layer]), at].join(': ') : (layer ?? kind) }
}

const truncate = (value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_VALUE_CHARACTERS ? `${value.slice(0, MAX_VALUE_CHARACTERS)}…` : value
