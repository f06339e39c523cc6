import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runProgram } from '../../.ci/npm.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { withEtcd3, withoutEtcd3, withoutPg, withoutProtos } from './bundlers.ts'
import { oneChange, runService } from './service-process.ts'
import { esmService } from './service-text.ts'
import { projectFolder } from './tools.ts'

const folder = join(inject('consumer'), 'bundlers')
let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
  await mkdir(folder)
  await writeFile(join(folder, 'main.js'), esmService)
})
afterAll(() => server.stop())

const out = (...name: readonly string[]): string => join(folder, name.join('-').replace(/\W+/g, '-'))
const runBundle = (path: string) => runService(server, [path], { cwd: folder })

describe('a bundle that leaves etcd3 out', () => {
  it.each(Object.entries(withoutEtcd3))('applies a change, made by %s', async (name, bundle) => {
    expect(await runBundle(await bundle(folder, out('without', name)))).toEqual(oneChange)
  })
})

describe('a bundle that holds etcd3', () => {
  it.each(Object.entries(withEtcd3))('applies a change, made by %s', async (name, bundle) => {
    expect(await runBundle(await bundle(folder, out('with', name)))).toEqual(oneChange)
  })

  it('cannot start without the proto files, and says which file is missing', async () => {
    const { applied, stderr } = await runBundle(await withoutProtos(folder, out('without-protos')))
    expect(applied).toEqual([])
    expect(stderr).toMatch(/ENOENT.*proto\/rpc\.proto/)
  })
})

describe('a bundle with changeover/pg', () => {
  it('loads, with pg left out of its ES modules', async () => {
    await mkdir(join(folder, 'node_modules'))
    await symlink(join(projectFolder, 'node_modules', 'pg'), join(folder, 'node_modules', 'pg'), 'junction')
    await writeFile(
      join(folder, 'pg.js'),
      `import { pgPool } from 'changeover/pg'\nconsole.log(typeof pgPool().prepare)`,
    )
    const path = await withoutPg(folder, out('pg'))
    expect(await runProgram(process.execPath, [path], folder)).toBe('function\n')
  })
})
