/** What a service of the scoreboard is configured with. `left` and `right` always hold the same version. */
export interface Config {
  readonly left: string
  readonly right: string
  readonly trap: Trap
}

/** What the service's first part does when it is told of this config. */
export type Trap = 'none' | 'throw' | 'hang'

export type PartName = 'first' | 'second'

/** Where a service finds its config. Each store fills in what its clients need. */
export interface Target {
  /** `http://127.0.0.1:port`, through the gate. */
  readonly endpoint?: string
  /** Where the store has keys: the config is three keys below `prefix` instead of one document at `key`. */
  readonly prefix?: string
  readonly key?: string
  /** Where the store is the file system. */
  readonly path?: string
  /** A folder of the service's own, for caches. */
  readonly folder: string
}

/** What a service shows when it is looked at. */
export interface View {
  /** The config as code that asks for it now reads it. */
  readonly config: Partial<Config> | undefined
  /** The version that each of its two parts works with. */
  readonly parts: { readonly [Name in PartName]?: string | undefined }
  /** How often the first part has sprung a trap. */
  readonly trapped: number
  /** Mixes of two versions that a part was told or a reader saw. */
  readonly mixes: readonly string[]
  /** Versions that a part was told after a newer one. */
  readonly backwards: readonly string[]
  /** User and system time used so far. */
  readonly cpuMs: number
  /** The last errors that the service's own code was given. */
  readonly errors: readonly string[]
}

/** What a peer is given by the service that it configures. */
export interface World {
  readonly target: Target
  /** Tells one part of a config; it may throw at once or never settle. */
  readonly tell: (part: PartName, config: unknown) => Promise<void>
  /** Tells both parts, one after the other. */
  readonly tellAll: (config: unknown) => Promise<unknown>
  /** Hears of a config that serves from now on, where the library itself calls the parts. */
  readonly onServing?: (config: unknown) => void
  /** For the peer's error events. */
  readonly onError: (error: unknown) => void
}

/** One client library, used as its documentation shows. */
export interface Peer {
  readonly start: (world: World) => Promise<void>
  readonly read: () => unknown
  /** Where the library itself knows what each part works with. */
  readonly parts?: () => View['parts']
}
