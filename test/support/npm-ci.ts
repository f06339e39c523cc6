import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>
}

const readLockfile = (path: string): Lockfile['packages'] =>
  (JSON.parse(readFileSync(path, 'utf8')) as Lockfile).packages

/** Installs what the lockfile of a folder lists, if it is missing or of other versions. Optional packages may be missing. */
export const npmCi = (folder: string): void => {
  const listed = join(folder, 'node_modules', '.package-lock.json')
  const found = existsSync(listed) ? readLockfile(listed) : {}
  const wanted = Object.entries(readLockfile(join(folder, 'package-lock.json')))
  if (wanted.every(([path, { version, optional }]) => path === '' || found[path]?.version === version || optional))
    return
  console.error(`Installing packages (npm ci in ${folder}).`)
  const args = ['ci', '--no-audit', '--no-fund', '--prefer-offline']
  const { status } = spawnSync('npm', args, { cwd: folder, env: npmEnvironment(), stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`npm ci has failed in ${folder}`)
}

/** Returns the environment without what an outer npm says of its own project and command. */
const npmEnvironment = (): NodeJS.ProcessEnv => {
  const unwanted = /^npm_config_(dry_run|json|global|omit|local_prefix)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
}
