/** The document that an instance serves, and that has passed its soak there. */
export interface ServedFact {
  /** The name of the revision. */
  readonly revision: string
  /** The revision of the document beside which the entry lies, if it is known: with layers, it is one part of the revision. */
  readonly document?: string
  /** Equal for equal documents within one fleet; absent if the document was restored from an earlier run. */
  readonly digest?: string
}

/** How the last transaction with a document of the source ended. */
export interface TriedFact extends ServedFact {
  readonly outcome: string
  /** Why it failed. */
  readonly code?: string
  readonly module?: string
  /** Wall-clock time in milliseconds since the Unix epoch, as all times here. */
  readonly at: number
}

/** What an instance has made of the candidate of a rollout. */
export interface TrialFact {
  readonly rollout: string
  /** `proved` once it has passed its soak: it serves until the rollout ends. */
  readonly state: 'applying' | 'proved' | 'refused'
  readonly outcome?: string
  /** Why it was refused. */
  readonly code?: string
  readonly module?: string
}

/** What one instance says of itself. It holds no config value. */
export interface InstanceEntry {
  /** Host, process, start, and a number if a process has several reloaders. */
  readonly id: string
  readonly service: string
  /** The option `build`, if it is given. */
  readonly build?: string
  readonly labels: Readonly<Record<string, string>>
  readonly host: string
  readonly pid: number
  readonly startedAt: number
  /** A state of rest, or `applying`, `soaking`, `trying`, `confirming`. */
  readonly state: string
  readonly serving?: ServedFact
  readonly tried?: TriedFact
  readonly frozen?: { readonly reason: string; readonly by?: string; readonly since: number }
  /** Present while the instance tries the candidate of a rollout; a refusal stays until the next one. */
  readonly trial?: TrialFact
  /** The transaction that awaits a confirmation. */
  readonly confirmation?: { readonly transaction: string; readonly until: number }
  /** Present while a newer document waits: for what. */
  readonly waiting?: { readonly revision: string; readonly reason: string }
  /** Paths that need a restart to take effect. */
  readonly restartPending: number
  /** Names of the revisions in quarantine. */
  readonly quarantined: readonly string[]
  readonly degraded: readonly string[]
  /** True while the source cannot be read. */
  readonly stale: boolean
  /** True if it obeys commands other than a preflight. */
  readonly obeys: boolean
  /** Distinguishes two processes that have the same id. */
  readonly session: string
  /** Grows with each write. */
  readonly sequence: number
  /** When it was written. */
  readonly at: number
}

/** The version of the form of all texts of a fleet. */
export const FLEET_SCHEMA = 1

export const instanceName = (id: string): string => `instances/${id}`

export const encodeInstance = (entry: InstanceEntry): string => JSON.stringify({ schema: FLEET_SCHEMA, ...entry })

/** Returns `undefined` for what this version does not understand. */
export const decodeInstance = (text: string): InstanceEntry | undefined => {
  const value = parseFleetText(text)
  if (value === undefined) return undefined
  const { id, service, session } = value
  const isEntry = typeof id === 'string' && typeof service === 'string' && typeof session === 'string'
  return isEntry ? (value as unknown as InstanceEntry) : undefined
}

/** Reads a text of a fleet, if it has a form that is known. */
export const parseFleetText = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    const isKnown = typeof value === 'object' && value !== null && 'schema' in value && value.schema === FLEET_SCHEMA
    return isKnown ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
