/** How a process of the service is started. */
export interface ProcessSettings {
  readonly folder: string
  readonly soakMs: number
  readonly build?: string
  readonly isFixed?: boolean
  /** Tells the processes apart that share a folder: each has effects of its own. */
  readonly name?: string
  readonly maxAttempts?: number
  /** The user whose rights the process takes once its modules are loaded. */
  readonly uid?: number
}

/** What a process of the service reports. */
export interface ProcessStatus {
  readonly pid: number
  readonly state: string
  /** Set only at rest. */
  readonly served?: number | undefined
  readonly isGood: boolean
  readonly goodCount: number
  readonly quarantine: readonly string[]
  /** The codes of the failures of the last transaction. */
  readonly causes: readonly string[]
  readonly lastError?: string | undefined
  /** The codes of everything that was logged as a warning or an error. */
  readonly codes: readonly string[]
  readonly errors: readonly string[]
}
