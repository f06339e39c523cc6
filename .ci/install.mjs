// Installs what is missing, before npm start, npm test and the others: a fresh clone needs one command, not two.
// Plain JavaScript without dependencies, because it runs before there are any.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** True where the Node version is in a range such as `^20.19.0 || >=24.0.0`; knows only `^` and `>=`. */
const isSupported = (version, range) => {
  const [major, minor] = version.split('.').map(Number)
  return range.split('||').some((part) => {
    const [, sign, wantedMajor, wantedMinor] = /^\s*(\^|>=)(\d+)\.(\d+)/.exec(part)
    if (major === Number(wantedMajor)) return minor >= Number(wantedMinor)
    return sign === '>=' && major > Number(wantedMajor)
  })
}

/**
 * Why the packages must be installed, or undefined where node_modules is what package-lock.json asks for. npm writes its
 * own list, node_modules/.package-lock.json, last of all, so that a broken-off install has none. Optional packages may
 * be missing, since most of them are for other platforms; those that are there must be the right ones.
 */
const whyInstall = () => {
  const listed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(listed)) return 'packages are not installed'
  let installed
  try {
    installed = readJson(listed).packages
  } catch {
    return 'the list of installed packages cannot be read'
  }
  const wanted = readJson(join(root, 'package-lock.json')).packages
  for (const [path, { version, integrity, optional, peer }] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    if (found === undefined) {
      if (!optional && !peer) return `${path} is not installed`
    } else if (found.version !== version || (integrity && found.integrity && found.integrity !== integrity)) {
      return `${path} is not the version of package-lock.json`
    }
  }
  return undefined
}

/** The npm that runs this script, else the one in the path. */
const npmCommand = () => {
  const running = process.env.npm_execpath
  if (running && /npm-cli\.c?js$/.test(running) && existsSync(running))
    return { file: process.execPath, first: [running], shell: false }
  return { file: 'npm', first: [], shell: process.platform === 'win32' }
}

/** The environment without what an outer `npm … --dry-run --json` would pass on to this npm. */
const npmEnvironment = () => {
  const unwanted = new Set(['npm_config_dry_run', 'npm_config_json', 'npm_config_global', 'npm_config_omit'])
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.has(name.toLowerCase())))
}

const install = () => {
  const { file, first, shell } = npmCommand()
  // Not `npm install`, which may change the lockfile. --include=dev, since NODE_ENV=production leaves the tools out.
  const { status, error } = spawnSync(file, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    env: npmEnvironment(),
    shell,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd], // stdout belongs to the command that comes after
  })
  if (error) console.error(`npm cannot be started: ${error.message}`)
  return status ?? 1
}

const range = readJson(join(root, 'package.json')).engines.node
if (isSupported(process.versions.node, range)) {
  const reason = whyInstall()
  if (reason !== undefined) {
    console.error(`Installing packages (npm ci), because ${reason}.`)
    process.exitCode = install()
  }
} else {
  console.error(`Changeover needs Node ${range}. This is Node ${process.versions.node}: please use a newer one.`)
  process.exitCode = 1
}
