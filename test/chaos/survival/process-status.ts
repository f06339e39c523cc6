/** How a process of the service is started. */
export interface ProcessSettings {
  readonly folder: string
  readonly soakMs: number
  readonly build?: string
  readonly isFixed?: boolean
  /** Of whom it is to be from when its modules are loaded. */
  readonly uid?: number
}

/** What a process of the service says of itself. */
export interface ProcessStatus {
  readonly pid: number
  readonly state: string
  /** At rest alone. */
  readonly served?: number | undefined
  readonly isProved: boolean
  readonly goods: number
  readonly quarantine: readonly string[]
  /** Why the last transaction did not hold. */
  readonly causes: readonly string[]
  readonly lastError?: string | undefined
  /** Of all that was logged as a warning or an error. */
  readonly codes: readonly string[]
  readonly errors: readonly string[]
}
