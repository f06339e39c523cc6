import { type SecretProvider, SecretError } from '../../api/secret-provider.ts'
import { invalidOption } from '../../model/option-checks.ts'

/** Options of {@link secretEnv}. */
export interface SecretEnvOptions {
  /** What the names of the variables begin with; references leave it out. @default '' */
  readonly prefix?: string
  /** The variables. @default process.env, as it is at each read */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Makes a provider whose secrets are environment variables. A variable that is empty counts as missing. Variables do not
 * change while a process runs, unless the process changes them itself: nothing is watched.
 *
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 *
 * @example
 * ```ts
 * import { createReloader } from 'changeover'
 * import { secretEnv } from 'changeover/secrets'
 *
 * const reloader = createReloader({ source, schema: Config, secrets: { env: secretEnv({ prefix: 'APP_' }) } })
 * ```
 */
export const secretEnv = ({ prefix = '', env }: SecretEnvOptions = {}): SecretProvider => {
  if (typeof prefix !== 'string') throw invalidOption('prefix of secretEnv must be a string')
  if (env !== undefined && (typeof env !== 'object' || env === null))
    throw invalidOption('env of secretEnv must be an object')
  return {
    read: (name) => {
      const variables = env ?? process.env
      const value = Object.hasOwn(variables, prefix + name) ? variables[prefix + name] : undefined
      if (value === undefined) throw new SecretError('secret.missing')
      return value
    },
  }
}
