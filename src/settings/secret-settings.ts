import type { ReadSecret, SecretProvider } from '../api/secret-provider.ts'
import { checkMs, invalidOption } from '../model/option-checks.ts'

/** The least `refreshMs` of a provider, in milliseconds. */
const MIN_REFRESH_MS = 1_000

const ID = /^[A-Za-z][\w-]{0,63}$/

/** Checks the providers of secrets; undefined if the option is not given. */
export const resolveSecrets = (given: unknown): ReadonlyMap<string, SecretProvider> | undefined => {
  if (given === undefined) return undefined
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidOption('secrets must be an object of providers, such as { file: secretFiles(…) }')
  }
  return new Map(Object.entries(given).map(([id, provider]) => [id, resolveProvider(id, provider)]))
}

const resolveProvider = (id: string, given: unknown): SecretProvider => {
  if (!ID.test(id))
    throw invalidOption('the name of a provider in secrets has letters, digits, _ and - only, at most 64')
  if (typeof given === 'function') return { read: given as ReadSecret }
  const { read, watch, refreshMs } = (given ?? {}) as Partial<SecretProvider>
  if (typeof read !== 'function') throw invalidOption(`secrets.${id} must be a function, or an object with read`)
  if (watch !== undefined && typeof watch !== 'function') throw invalidOption(`secrets.${id}.watch must be a function`)
  if (refreshMs !== undefined) checkMs(`secrets.${id}.refreshMs`, refreshMs, MIN_REFRESH_MS)
  return given as SecretProvider
}
