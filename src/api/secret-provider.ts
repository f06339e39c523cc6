import type { SecretCode } from '../model/failure.ts'

/** What a provider knows of a secret. */
export interface SecretValue {
  readonly value: string
  /**
   * Tells two values apart, such as the version number of a secret manager. It must not be made of the value: a hash of it
   * goes to the journal. @default counted by the reloader
   */
  readonly version?: string
  /** When to read it again, in milliseconds, such as a part of its lease. @default the `refreshMs` of the provider */
  readonly refreshMs?: number
}

/** The answer to a read: the text, or what is known of it; `undefined` if the secret does not exist. */
export type SecretAnswer = string | SecretValue | undefined

/**
 * Reads one secret by its name. It rejects if it cannot, and settles soon after `signal` aborts. A {@link SecretError} says
 * how it failed; of any other error the known codes do: `ENOENT` and 404 are `secret.missing`, `EACCES`, 401 and 403
 * `secret.denied`, and all others `secret.unreachable`.
 */
export type ReadSecret = (name: string, call: { readonly signal: AbortSignal }) => Promise<SecretAnswer> | SecretAnswer

/** Keeps secrets: a folder, the environment, a secret manager. */
export interface SecretProvider {
  readonly read: ReadSecret
  /**
   * Watches until the returned function is called. Call `onChange` with the name of a secret that may have changed, or with
   * none if any may have: they are read again. Called before the first read.
   */
  readonly watch?: (onChange: (name?: string) => void) => () => void
  /** How often each secret in use is read again, in milliseconds, ± 10 % jitter; at least 1000. @default never */
  readonly refreshMs?: number
}

/**
 * Thrown by a provider to say how a read has failed. The `cause` is for debugging only: of it only the name and a known code
 * are shown.
 *
 * @example
 * ```ts
 * if (response.status === 404) throw new SecretError('secret.missing')
 * ```
 */
export class SecretError extends Error {
  override readonly name = 'SecretError'
  readonly code: SecretCode

  constructor(code: SecretCode, cause?: unknown) {
    super(code)
    this.code = code
    Object.defineProperty(this, 'cause', { value: cause, enumerable: false })
  }
}
