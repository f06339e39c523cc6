import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runProgram } from '../../.ci/npm.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { oneChange, runService } from './service-process.ts'
import { cjsService, esmService } from './service-text.ts'
import { nodes } from './tools.ts'

const folder = join(inject('consumer'), 'nodes')
/** The entries that need no optional package; none of those is installed. */
const entries = ['', '/etcd', '/file', '/appliers', '/health', '/inspect', '/machines', '/testing'].map(
  (path) => `changeover${path}`,
)
const light = entries.filter((name) => name !== 'changeover/etcd')
let server: EtcdServer

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)

beforeAll(async () => {
  server = await startEtcd()
  await mkdir(folder)
  await write('main.js', esmService)
  await write('main.cjs', cjsService)
  await write(
    'require.cjs',
    `const entries = ${JSON.stringify(entries)}.map((name) => require(name))
     const { memorySource } = require('changeover/testing')
     console.log(entries.every((entry) => Object.keys(entry).length > 0), typeof memorySource)`,
  )
  await write(
    'both.cjs',
    `import('changeover').then((imported) => console.log(imported.ChangeoverError === require('changeover').ChangeoverError))`,
  )
  await write(
    'light.mjs',
    `import { createRequire } from 'node:module'
     ${light.map((name) => `import '${name}'`).join('\n')}
     const paths = Object.keys(createRequire(import.meta.url).cache)
     console.log(JSON.stringify(paths.filter((path) => /node_modules.(?:etcd3|@grpc|protobufjs|pg|pino|fast-check|prom-client|@opentelemetry)\\b/.test(path))))`,
  )
  await write('pg.mjs', `await import('changeover/pg').catch(({ code, message }) => console.log(code, message))`)
  await write(
    'simulate.mjs',
    `import { simulate } from 'changeover/testing'
     await simulate({}).catch((error) => console.log(error.message))`,
  )
})
afterAll(() => server.stop())

describe.each(nodes)('with $name', ({ path: node }) => {
  const run = async (...args: readonly string[]): Promise<string> => (await runProgram(node, args, folder)).trim()

  it('a service in ES modules applies a change', async () => {
    expect(await runService(server, ['main.js'], { cwd: folder, node })).toEqual(oneChange)
  })

  it('a service in CommonJS applies a change', async () => {
    expect(await runService(server, ['main.cjs'], { cwd: folder, node })).toEqual(oneChange)
  })

  it('every entry can be required that needs no optional package', async () => {
    expect(await run('require.cjs')).toBe('true function')
  })

  it('a class is the same, imported or required', async () => {
    expect(await run('both.cjs')).toBe('true')
  })

  it('a service runs without native add-ons and with conditions of its own', async () => {
    for (const flag of ['--no-addons', '--conditions=staging']) {
      expect(await runService(server, [flag, 'main.js'], { cwd: folder, node })).toEqual(oneChange)
    }
  })
})

describe('the entries', () => {
  const run = async (file: string): Promise<string> => (await runProgram(process.execPath, [file], folder)).trim()

  it('load neither etcd3 nor an optional package, except the one that is for it', async () => {
    expect(await run('light.mjs')).toBe('[]')
  })

  it('name the optional package that is missing', async () => {
    expect(await run('pg.mjs')).toMatch(/^ERR_MODULE_NOT_FOUND Cannot find package 'pg'/)
    expect(await run('simulate.mjs')).toContain('fast-check')
  })
})
