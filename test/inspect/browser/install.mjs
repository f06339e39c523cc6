// Prints the path of a Chromium for the browser tests. If there is none and this is root on Debian, it installs one.
// It is plain JavaScript without dependencies, because it may run before they are installed.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']
const elsewhere = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const find = () => {
  const named = process.env.CHROMIUM_BIN
  if (named) return isExecutable(named) ? named : undefined
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...elsewhere].find(isExecutable)
}

/** stdout is reserved for the path. */
const run = (...args) =>
  spawnSync('apt-get', args, {
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 300_000,
  }).status === 0

const mayInstall = () =>
  !process.env.CHROMIUM_BIN &&
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  isExecutable('/usr/bin/apt-get')

const install = () => {
  console.error('The browser tests need a Chromium. Installing it with apt-get.')
  const packages = ['install', '--yes', '--no-install-recommends', 'chromium']
  return run(...packages) || (run('update') && run(...packages))
}

const path = find() ?? (mayInstall() && install() ? find() : undefined)
if (path === undefined) {
  console.error(
    process.env.CHROMIUM_BIN
      ? 'CHROMIUM_BIN does not name an executable file.'
      : 'The browser tests need a Chromium, and none was found. Install one as "chromium" in the PATH, or set CHROMIUM_BIN to its path. Root on Debian gets it installed automatically.',
  )
  process.exitCode = 1
} else {
  console.log(path)
}
