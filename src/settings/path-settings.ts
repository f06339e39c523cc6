import type { RestartOptions, RestartPolicy } from '../api/options.ts'
import { invalidOption } from '../model/option-checks.ts'
import { checkNames } from './option-values.ts'

/** The paths that options name. */
export interface PathSettings {
  readonly public: readonly string[]
  readonly live: readonly string[]
  readonly restart: { readonly paths: readonly string[]; readonly policy: RestartPolicy }
}

interface Given {
  readonly public?: readonly string[]
  readonly live?: readonly string[]
  readonly restart?: readonly string[] | RestartOptions<never>
}

const policies: ReadonlySet<unknown> = new Set<RestartPolicy>(['warn', 'hold', 'refuse'])

/** Checks the options that are paths, and refuses what says two things of one path. */
export const resolvePathSettings = (given: Given): PathSettings => {
  const live = pathsOf('live', given.live)
  const restart = resolveRestart(given.restart)
  const both = live.find((path) => restart.paths.includes(path))
  if (both !== undefined) throw invalidOption(`${both} cannot be both live and restart`)
  return { public: pathsOf('public', given.public), live, restart }
}

const resolveRestart = (given: Given['restart']): PathSettings['restart'] => {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { paths: pathsOf('restart', given as readonly string[] | undefined), policy: 'warn' }
  }
  checkNames(given, 'restart')
  const { paths, policy = 'warn' } = given as { readonly paths?: readonly string[]; readonly policy?: RestartPolicy }
  if (paths === undefined) throw invalidOption('restart needs paths: an array of dotted paths')
  if (!policies.has(policy)) throw invalidOption("restart.policy must be 'warn', 'hold' or 'refuse'")
  return { paths: pathsOf('restart.paths', paths), policy }
}

const pathsOf = (name: string, given: readonly string[] | undefined): readonly string[] => {
  const paths = given ?? []
  const arePaths = Array.isArray(paths) && paths.every((path: unknown) => typeof path === 'string' && path !== '')
  if (!arePaths) throw invalidOption(`${name} must be an array of dotted paths`)
  return paths
}
