import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { runProgram } from '../../.ci/npm.ts'
import { misuseText, typeMisuses, wordsOf } from '../support/type-misuse.ts'
import { projectFolder, toolPath } from './tools.ts'

const folder = join(inject('consumer'), 'types')

const service = `
import { createReloader, type Applier, type Reloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fileSource, type FileSourceOptions } from 'changeover/file'
import { timer } from 'changeover/appliers'
import { inspector } from 'changeover/inspect'
import { memorySource, simulate } from 'changeover/testing'
import { reloadMachine } from 'changeover/machines'
import { z } from 'zod'

const Config = z.strictObject({ limit: z.number() })
const limit: Applier<number, { readonly limit: number }> = { prepare: (next) => ({ instance: { limit: next } }) }
const options: FileSourceOptions = { path: 'config.json' }

export const reloader = createReloader({ source: fileSource(options), schema: Config }).use('limit', (c) => c.limit, limit)
export const sources = [etcdSource({ hosts: 'http://127.0.0.1:2379', key: '/config' }), memorySource({ limit: 1 })]
export const current: number = reloader.config.limit
export const instance: number | undefined = reloader.modules.limit.current?.limit
export const others = [timer, inspector, simulate, reloadMachine]

// @ts-expect-error the config is read-only
reloader.config.limit = 2
// @ts-expect-error there is no such module
export const nothing = reloader.modules.limits
`

/** What CommonJS can do where the compiler knows no Node that can require ES modules. */
const dynamicService = `
import type { Reloader } from 'changeover' with { 'resolution-mode': 'import' }

export const load = async (): Promise<number> => {
  const { createReloader } = await import('changeover')
  const { memorySource } = await import('changeover/testing')
  const { z } = await import('zod')
  const reloader = createReloader({ source: memorySource({ limit: 1 }), schema: z.strictObject({ limit: z.number() }) })
  return reloader.config.limit
}
export const close = (reloader: Reloader<{ readonly limit: number }>): Promise<void> => reloader.close()
`

const compilers = [
  { name: '5.9', path: toolPath('typescript', 'bin', 'tsc') },
  { name: '7', path: join(projectFolder, 'node_modules', 'typescript', 'bin', 'tsc') },
]

/** What `npm run types` checks with the project's own compiler: what must compile, and what must not. */
const typeTests = ['face', 'inline', 'loggers', 'observe', 'public']

beforeAll(async () => {
  await mkdir(folder)
  for (const name of typeTests) {
    await copyFile(join(projectFolder, 'test', 'types', `${name}.ts`), join(folder, `${name}.mts`))
  }
  await writeFile(join(folder, 'misuse.mts'), misuseText)
  for (const name of ['service.mts', 'service.cts', 'service.ts']) await writeFile(join(folder, name), service)
  await writeFile(join(folder, 'dynamic.cts'), dynamicService)
})

describe.each(compilers)('TypeScript $name', ({ path, name }) => {
  const check = async (settings: string, ...files: readonly string[]): Promise<string> => {
    const strict = '--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --skipLibCheck'
    const alone = name === '5.9' ? '' : '--ignoreConfig'
    const options = `${strict} ${alone} --target es2022 --types node ${settings}`.split(' ').filter((one) => one !== '')
    return runProgram(process.execPath, [path, ...options, ...files], folder).catch((error: Error) => error.message)
  }

  it.each([
    ['--module node16', ['service.mts', 'dynamic.cts']],
    ['--module node20', ['service.mts', 'service.cts']],
    ['--module nodenext', ['service.mts', 'service.cts', 'dynamic.cts']],
    ['--module esnext --moduleResolution bundler', ['service.ts', 'service.mts']],
    ['--module preserve', ['service.ts', 'service.mts', 'service.cts']],
  ])('compiles, with %s, %j', async (settings, files) => {
    expect(await check(settings, ...files)).toBe('')
  })

  it('infers and refuses the same as in the project', async () => {
    expect(await check('--module nodenext', ...typeTests.map((name) => `${name}.mts`))).toBe('')
  })

  it('says of each mistake what is wrong', async () => {
    const output = await check('--module nodenext', 'misuse.mts')
    for (const [index, { words }] of typeMisuses.entries()) expect(wordsOf(output, index)).toContain(words)
  })

  it('says with node16 that CommonJS cannot require ES modules', async () => {
    expect(await check('--module node16', 'service.cts')).toContain('TS1479')
  })
})
