import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findNode, hasOtherNodes } from '../support/node-binary.ts'
import { buildCommand, type Ended, jsonOf, makeFolder, removeFolder, runProgram } from './command.ts'

/** In the project, where tsx is installed, and outside of it, where nothing is. */
/** With CHANGEOVER_LONG=1, all that strip types; each has to be obtained once. */
const versions = process.env.CHANGEOVER_LONG === '1' ? ['22', '24', '26'] : ['26']

const folders = { inside: '', outside: '' }
let command: string
beforeAll(async () => {
  folders.inside = await makeFolder()
  folders.outside = await mkdtemp(join(tmpdir(), 'changeover-config-'))
  command = await buildCommand(folders.inside)
  for (const folder of Object.values(folders)) {
    await mkdir(join(folder, 'lib'))
    const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
    await write('package.json', '{ "type": "module" }')
    await write('good.json', '{ "n": 1 }')
    await write('bad.json', '{ "n": "one" }')
    await write('config.json', '{ "n": 1 }')
    await write('schema.ts', schema('export const Config'))
    await write('lib/index.ts', schema('export const Config'))
    await write('changeover.config.ts', config('./schema.ts'))
    await write('ending.config.ts', config('./schema.js'))
    await write('without.config.ts', config('./schema'))
    await write('folder.config.ts', config('./lib'))
    await write('enum.config.ts', `enum Colour { Red }\n${config('./schema.ts')}\nexport const colour = Colour.Red\n`)
    await write('broken.config.ts', `export default { source: \n`)
  }
}, 120_000)
afterAll(async () => {
  await removeFolder(folders.inside)
  await rm(folders.outside, { recursive: true, force: true })
})

const schema = (name: string): string => `interface Shape { readonly n: number }
${name} = {
  '~standard': {
    version: 1 as const,
    vendor: 'own',
    validate: (value: unknown) =>
      typeof (value as Shape).n === 'number' ? { value: value as Shape } : { issues: [{ message: 'no', path: ['n'] }] },
  },
}
`

const config = (module: string): string => `import { Config } from '${module}'
interface Source { readonly path: string }
export default { source: { path: 'config.json' } satisfies Source, schema: Config }
`

const run = (node: string, place: keyof typeof folders, ...argv: readonly string[]): Promise<Ended> =>
  runProgram(node, [command, ...argv], { cwd: folders[place] })

const detailOf = (ended: Ended): string => {
  const { error } = jsonOf(ended) as unknown as { readonly error: { readonly code: string; readonly message: string } }
  expect([ended.exit, error.code]).toEqual([1, 'command.config-failed'])
  return error.message
}

const others = ['ending', 'without', 'folder', 'enum']

describe.skipIf(!hasOtherNodes)('A config in TypeScript', { timeout: 300_000 }, () => {
  it.each(versions)('is read by Node %s itself, with what it imports', async (version) => {
    const node = await findNode(version)
    for (const place of ['inside', 'outside'] as const) {
      expect(await run(node, place, 'check', 'good.json')).toMatchObject({ exit: 0 })
      expect(await run(node, place, 'check', 'bad.json')).toMatchObject({ exit: 3 })
      expect(await run(node, place, 'get')).toMatchObject({ exit: 0 })
    }
  })

  it.each(versions)('that Node %s cannot read itself is read by tsx, or names it', async (version) => {
    const node = await findNode(version)
    for (const name of others) {
      const flags = ['--config', `${name}.config.ts`]
      expect(await run(node, 'inside', 'check', 'bad.json', ...flags), name).toMatchObject({ exit: 3 })
      const detail = detailOf(await run(node, 'outside', 'check', 'good.json', '--json', ...flags))
      expect(detail, name).toContain('npm install --save-dev tsx')
    }
    expect(detailOf(await run(node, 'outside', 'get', '--json', '--config', 'broken.config.ts'))).toContain(
      'SyntaxError',
    )
  })

  it('is read by tsx on Node 20.19, or names it', async () => {
    const node = await findNode('20.19')
    expect(await run(node, 'inside', 'check', 'good.json')).toMatchObject({ exit: 0 })
    for (const name of others) {
      const bad = await run(node, 'inside', 'check', 'bad.json', '--config', `${name}.config.ts`)
      expect(bad, name).toMatchObject({ exit: 3 })
    }
    const detail = detailOf(await run(node, 'outside', 'check', 'good.json', '--json'))
    expect(detail).toContain('Node 20.19')
    expect(detail).toContain('npm install --save-dev tsx')
  })
})
