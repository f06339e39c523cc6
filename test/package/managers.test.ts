import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runNpm, runProgram } from '../../.ci/npm.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { oneChange, runService } from './service-process.ts'
import { esmService } from './service-text.ts'
import { toolPath } from './tools.ts'

// Beside the consumer, so that no package is found in a folder above.
const folder = join(dirname(inject('consumer')), 'managers')
const tarball = inject('tarball')
let server: EtcdServer
let registry = ''

beforeAll(async () => {
  server = await startEtcd()
  await mkdir(folder)
  registry = (await runNpm(['config', 'get', 'registry'], folder)).trim()
})
afterAll(() => server.stop())

const project = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
  const at = join(folder, name)
  await mkdir(at)
  const manifest = { name, private: true, type: 'module', dependencies: { changeover: `file:${tarball}` } }
  const pg = `await import('changeover/pg').catch(({ message }) => console.log(message.split('\\n')[0]))`
  const all = { 'package.json': JSON.stringify(manifest), 'main.js': esmService, 'pg.js': pg, ...files }
  for (const [file, text] of Object.entries(all)) await writeFile(join(at, file), text)
  return at
}

describe('a package manager that lets a package see only what it declares', () => {
  it('is content with pnpm', async () => {
    const at = await project('pnpm', { '.npmrc': `registry=${registry}\nstore-dir=${join(folder, 'pnpm-store')}\n` })
    const pnpm = toolPath('pnpm', 'bin', 'pnpm.cjs')
    await runProgram(process.execPath, [pnpm, 'install', '--ignore-scripts', '--prefer-offline'], at)
    expect(await runService(server, ['main.js'], { cwd: at })).toEqual(oneChange)
    expect(await runProgram(process.execPath, ['pg.js'], at)).toContain("Cannot find package 'pg'")
  })

  it("is content with Yarn's Plug'n'Play", async () => {
    const settings = {
      npmRegistryServer: registry,
      unsafeHttpWhitelist: [new URL(registry).hostname],
      nodeLinker: 'pnp',
      enableGlobalCache: false,
      enableTelemetry: false,
      enableImmutableInstalls: false,
      enableScripts: false,
    }
    const at = await project('yarn', { '.yarnrc.yml': JSON.stringify(settings), 'yarn.lock': '' })
    const yarn = toolPath('@yarnpkg', 'cli-dist', 'bin', 'yarn.js')
    await runProgram(process.execPath, [yarn, 'install'], at)
    const pnp = ['--require', './.pnp.cjs', '--loader', './.pnp.loader.mjs']
    expect(await runService(server, [...pnp, 'main.js'], { cwd: at })).toEqual(oneChange)
    expect(await runProgram(process.execPath, ['--no-warnings', ...pnp, 'pg.js'], at)).toMatch(/changeover.*pg/)
  })
})
