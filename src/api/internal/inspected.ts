import type { PlanReport } from '../call-options.ts'

/** Which process this is, so that a viewer can distinguish two of them. */
export interface ServiceIdentity {
  readonly name: string
  readonly host: string
  readonly pid: number
  /** Wall-clock time at which the process started, in milliseconds since the Unix epoch. */
  readonly startedAt: number
  readonly version?: string
  /** The option `build`, if it is given. */
  readonly build?: string
}

/** A part of the serving config. It has a value only if its path is public, and a name only if that may be shown. */
export interface ConfigNode {
  /** The last key of its path; `*` if that may be data. */
  readonly key: string
  readonly kind: 'object' | 'array' | 'value'
  /** Only of a value whose path is public. */
  readonly value?: unknown
  readonly children?: readonly ConfigNode[]
  /** The modules that follow exactly this part, or all of it together with more. */
  readonly modules: readonly string[]
  /** True if no module follows it or anything in it. */
  readonly isUnfollowed: boolean
  /** Where a value or an array comes from: the layer, and the place in its source if the path may be shown. */
  readonly origin?: string
}

/** The serving config, as far as it may be shown. */
export interface ConfigTree {
  readonly root: ConfigNode
  /** How many parts were left out, because there are too many. */
  readonly omitted: number
}

/** What keeps replaced generations open. */
export interface Holds {
  /** Leases of what serves, and of what served before. */
  readonly leases: { readonly serving: number; readonly replaced: number }
  /** Replaced generations that are not closed yet, by module; without those that have none. */
  readonly draining: Readonly<Record<string, number>>
  /** The routes of the requests that hold replaced generations. */
  readonly routes: readonly string[]
}

/** A module, and what it follows. */
export interface Follower {
  readonly name: string
  readonly select: (config: unknown) => unknown
  /** `replaced` by a new generation, or changed `in place`. */
  readonly way: 'replaced' | 'in place'
}

/** What the inspector shows of a reloader besides its status and its events. */
export interface InspectedParts {
  readonly service: ServiceIdentity
  /** In the order in which they were declared. */
  readonly followers: () => readonly Follower[]
  readonly holds: () => Holds
  /** Returns undefined before the first commit. */
  readonly config: () => ConfigTree | undefined
  /** Returns what a revert would change, without doing it. Rejects as `revert` does. */
  readonly planRevert: (to?: string) => Promise<PlanReport>
}
