import { createRequire } from 'node:module'
import { changeoverError } from '../../model/failure.ts'

/** Nest tells its version in its package.json only, which a bundle does not have. */
const installedVersion = (): string | undefined => {
  try {
    const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { readonly version?: unknown }
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}

/** @throws ChangeoverError `framework.unsupported-version` */
export const checkNestVersion = (version = installedVersion()): void => {
  if (version === undefined || /^1[12]\./.test(version)) return
  const found = /^\d+\.\d+/.test(version) ? `, this is ${version}` : ''
  throw changeoverError('framework.unsupported-version', { detail: `Nest 11 and 12 are supported${found}` })
}
