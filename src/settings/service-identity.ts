import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import type { Clock } from '../api/clock.ts'
import type { ServiceIdentity } from '../api/internal/inspected.ts'
import type { ServiceOptions } from '../api/options.ts'
import { invalidOption } from '../model/option-checks.ts'
import { checkNames } from './option-values.ts'

const MAX_CHARACTERS = 200

/** Checks the option `service` and fills in what the process knows of itself. */
export const resolveService = (given: ServiceOptions | undefined, build: string, clock: Clock): ServiceIdentity => {
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw invalidOption('service must be an object of name, version and host')
  }
  checkNames(given ?? {}, 'service')
  for (const name of ['name', 'version', 'host'] as const) checkText(name, given?.[name])
  const { npm_package_name: packageName, npm_package_version: packageVersion } = process.env
  const version = given?.version ?? packageVersion
  return {
    name: given?.name ?? (packageName || mainFile() || process.title),
    host: given?.host ?? hostname(),
    pid: process.pid,
    startedAt: clock.now() - process.uptime() * 1_000,
    ...(version === undefined ? {} : { version }),
    ...(build === '' ? {} : { build }),
  }
}

const checkText = (name: string, value: unknown): void => {
  const isText = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_CHARACTERS
  if (value !== undefined && !isText) {
    throw invalidOption(`service.${name} must be a text of 1 to ${MAX_CHARACTERS} characters`)
  }
}

/** The name of the program's file without its extension; undefined if Node was given a text. */
const mainFile = (): string | undefined => {
  const [, file = ''] = process.argv
  return basename(file, extname(file)) || undefined
}
