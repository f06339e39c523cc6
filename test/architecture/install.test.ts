import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { root } from './project.ts'

let folder = ''

const write = (path: string, content: unknown): void => writeFileSync(join(folder, path), JSON.stringify(content))

const locked = {
  packages: {
    '': { name: 'changeover' },
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
    'node_modules/one-for-macs': { version: '1.0.0', optional: true },
  },
}
const installed = (packages: object): void => write('node_modules/.package-lock.json', { packages })

// Stands in for npm: records its arguments, and fails on request.
const npm = `
require('node:fs').writeFileSync('asked.json', JSON.stringify({ args: process.argv.slice(2), dryRun: process.env.npm_config_dry_run ?? null }))
process.exit(Number(process.env.NPM_EXIT_CODE ?? 0))`

const install = (env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['.ci/install.mjs'], {
    cwd: folder,
    env: { ...process.env, npm_execpath: join(folder, 'npm-cli.js'), ...env },
    encoding: 'utf8',
  })
  const at = join(folder, 'asked.json')
  const asked: unknown = existsSync(at) ? JSON.parse(readFileSync(at, 'utf8')) : undefined
  return { status, stdout, stderr, asked }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'changeover-install-'))
  for (const name of ['.ci', 'node_modules']) mkdirSync(join(folder, name))
  cpSync(join(root, '.ci', 'install.mjs'), join(folder, '.ci', 'install.mjs'))
  writeFileSync(join(folder, 'npm-cli.js'), npm)
  write('package.json', { engines: { node: '^20.19.0 || ^22.12.0 || >=24.0.0' } })
  write('package-lock.json', locked)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the installer', () => {
  it('does nothing and says nothing if the lockfile is installed already', () => {
    installed({ 'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' } })
    expect(install()).toEqual({ status: 0, stdout: '', stderr: '', asked: undefined })
  })

  it.each([
    ['nothing is installed', undefined],
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/one': { version: '1.0.1' } }],
    ['a package has other content', { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-two' } }],
    [
      'an optional package has another version',
      { 'node_modules/one': { version: '1.0.0' }, 'node_modules/one-for-macs': { version: '2.0.0' } },
    ],
  ])('runs npm ci with the tools included where %s', (_title, packages) => {
    if (packages !== undefined) installed(packages)
    const { status, stdout, stderr, asked } = install({ NODE_ENV: 'production', npm_config_dry_run: 'true' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toContain('Installing packages (npm ci), because')
    expect(asked).toEqual({ args: ['ci', '--include=dev', '--no-audit', '--no-fund'], dryRun: null })
  })

  it('installs if an earlier install was interrupted', () => {
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), '{ "packa')
    expect(install().asked).toBeDefined()
  })

  it('fails if npm fails', () => {
    expect(install({ NPM_EXIT_CODE: '7' }).status).toBe(7)
  })

  it.each(['^999.1.0', '>=999.0.0', `^${process.versions.node.split('.')[0]}.999.0`])(
    'refuses a Node older than %s, plainly, and installs nothing',
    (range) => {
      write('package.json', { engines: { node: range } })
      const { status, stderr, asked } = install()
      expect({ status, asked }).toEqual({ status: 1, asked: undefined })
      expect(stderr).toBe(
        `Changeover needs Node ${range}. This is Node ${process.versions.node}: please use a newer one.\n`,
      )
    },
  )
})
