// Prints the path of a Chromium for the browser tests, and installs Debian's where there is none and it may.
// Plain JavaScript without dependencies, as it may run before there are any.
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

/** stdout belongs to the path. */
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
  console.error('Installing Chromium (apt-get), because the browser tests need one and there is none.')
  const packages = ['install', '--yes', '--no-install-recommends', 'chromium']
  return run(...packages) || (run('update') && run(...packages))
}

const path = find() ?? (mayInstall() && install() ? find() : undefined)
if (path === undefined) {
  console.error(
    process.env.CHROMIUM_BIN
      ? 'CHROMIUM_BIN is set, but there is no program there.'
      : 'The browser tests need a Chromium, and none was found: install one so that "chromium" is in the PATH, or set CHROMIUM_BIN to it. As root on Debian they install it by themselves.',
  )
  process.exitCode = 1
} else {
  console.log(path)
}
