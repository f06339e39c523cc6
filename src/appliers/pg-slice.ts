/** TLS settings as plain data. Certificates and keys are PEM text, not files. */
export interface PgTls {
  readonly ca?: string | readonly string[] | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  readonly servername?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

/**
 * The slice of `pgPool`: the settings of a `pg.Pool` that are plain data. For an absent setting pg uses its own
 * default, which may come from a `PG…` environment variable.
 */
export interface PgSlice {
  readonly connectionString?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly database?: string | undefined
  readonly ssl?: boolean | PgTls | undefined
  readonly max?: number | undefined
  readonly min?: number | undefined
  readonly maxUses?: number | undefined
  readonly maxLifetimeSeconds?: number | undefined
  readonly idleTimeoutMillis?: number | undefined
  readonly connectionTimeoutMillis?: number | undefined
  readonly allowExitOnIdle?: boolean | undefined
  readonly application_name?: string | undefined
  readonly options?: string | undefined
  readonly keepAlive?: boolean | undefined
  readonly keepAliveInitialDelayMillis?: number | undefined
  readonly statement_timeout?: number | undefined
  readonly query_timeout?: number | undefined
  readonly lock_timeout?: number | undefined
  readonly idle_in_transaction_session_timeout?: number | undefined
}
