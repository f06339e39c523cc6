import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemFiles } from '../../src/persistence/file-system.ts'
import { systemProcesses } from '../../src/persistence/sharing/owner.ts'
import { SlotClaim } from '../../src/persistence/sharing/slot-claim.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { call, configOf, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
/** What every test begins with. */
let saved: string
beforeAll(async () => {
  await prepare()
  saved = folder
})
afterAll(() => removeFolder(saved))
afterEach(() => removeFolder(folder))

const start = async (): Promise<void> => {
  folder = await makeFolder()
  await cp(saved, folder, { recursive: true })
}

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  call(argv, { cwd: folder, env })
const onFile = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  run(argv, { PATH: process.env.PATH ?? '', CHANGEOVER_FILE: join(folder, 'config.json'), ...env })
const revision = async (): Promise<string> => String(jsonOf(await onFile(['get', '--json'])).revision)

/** Two entries; the first is one that the schema refuses today, and the document is a third. */
const prepare = async (): Promise<void> => {
  folder = await makeFolder(configOf(`{ path: 'config.json' }`))
  await write('loose.json', '{}')
  await write('now.json', documentOf('info', 5))
  await write('next.json', documentOf('debug', 5))
  await write('wrong.json', documentOf('loud', 5))
  await write('broken.json', '{ "log": ')
  const publish = ['publish', '--author', 'Ada', '--if-revision']
  await onFile([...publish, '0', 'wrong.json', '--config', 'loose.json'])
  await onFile([...publish, await revision(), 'next.json'])
  await onFile([...publish, await revision(), 'now.json'])
  await write('editor.sh', 'cp "$TO" "$1"')
}

interface Row {
  readonly exit: number
  readonly argv: readonly string[]
  /** The code of the failure. */
  readonly code?: string
  readonly env?: Readonly<Record<string, string>>
  readonly prepare?: () => Promise<unknown>
}

const AT = ['--if-revision', 'REV']
const editing = (to: string) => ({ PATH: process.env.PATH ?? '', EDITOR: 'sh editor.sh', VISUAL: '', TO: to })
const broken = () => write('config.json', '{ "log": ')
const missing = () => rm(join(folder, 'config.json'))

const rows: readonly Row[] = [
  { exit: 0, argv: ['get'] },
  { exit: 0, argv: ['get', '--show-values'] },
  { exit: 0, argv: ['diff', 'now.json'] },
  { exit: 0, argv: ['diff'] },
  { exit: 0, argv: ['explain', 'db.max'] },
  { exit: 0, argv: ['check', 'next.json'] },
  { exit: 0, argv: ['plan', 'now.json'] },
  { exit: 0, argv: ['publish', 'next.json', ...AT] },
  { exit: 0, argv: ['publish', 'now.json', ...AT] },
  { exit: 0, argv: ['publish', 'next.json', ...AT, '--hold', '50ms'] },
  { exit: 0, argv: ['set', 'log.level', 'debug'] },
  { exit: 0, argv: ['set', 'log.level', 'info'] },
  { exit: 0, argv: ['edit'], env: { EDITOR: 'true', VISUAL: '' } },
  { exit: 0, argv: ['history'] },
  { exit: 0, argv: ['show', '2'] },
  { exit: 0, argv: ['rollback', '2', ...AT] },
  { exit: 0, argv: ['init'], prepare: () => Promise.all([missing(), rm(join(folder, 'changeover.config.mjs'))]) },

  { exit: 1, argv: ['get'], code: 'document.missing', prepare: missing },
  { exit: 1, argv: ['diff', 'none.json'], code: 'command.file-failed' },
  { exit: 1, argv: ['explain', 'db.none'], code: 'command.no-such-path' },
  { exit: 1, argv: ['check', 'none.json'], code: 'command.file-failed' },
  { exit: 1, argv: ['check', 'a.yaml', '--config', 'none.ts'], code: 'command.config-failed' },
  { exit: 1, argv: ['plan', 'next.json', '-o', 'none/a.plan', '--author', 'A'], code: 'command.file-failed' },
  { exit: 1, argv: ['publish', 'none.json', ...AT], code: 'command.file-failed' },
  { exit: 1, argv: ['set', 'log.level', 'debug'], code: 'document.missing', prepare: missing },
  { exit: 1, argv: ['set', 'log.level.a', '1'], code: 'command.edit-unsupported' },
  { exit: 1, argv: ['edit'], code: 'command.editor-failed', env: { EDITOR: 'false', VISUAL: '' } },
  {
    exit: 1,
    argv: ['history'],
    code: 'history.damaged',
    prepare: () => write('config.json.changeover/0000000002.entry', 'no entry'),
  },
  { exit: 1, argv: ['show', '9'], code: 'history.no-entry' },
  { exit: 1, argv: ['rollback', '9', ...AT], code: 'history.no-entry' },
  { exit: 1, argv: ['watch', '--count', '0'], code: 'command.usage' },
  { exit: 1, argv: ['init', '--schema', './none.mjs'] },

  { exit: 2, argv: ['diff', 'next.json'] },
  { exit: 2, argv: ['diff'], prepare: () => write('config.json', documentOf('debug', 6)) },
  { exit: 2, argv: ['plan', 'next.json'] },

  { exit: 3, argv: ['get'], code: 'document.malformed', prepare: broken },
  { exit: 3, argv: ['diff', 'broken.json'], code: 'document.malformed' },
  { exit: 3, argv: ['explain', 'db.max'], code: 'document.malformed', prepare: broken },
  { exit: 3, argv: ['check', 'wrong.json'], code: 'schema.invalid' },
  { exit: 3, argv: ['plan', 'wrong.json'], code: 'schema.invalid' },
  { exit: 3, argv: ['plan', 'next.json', '--if-revision', 'other'], code: 'source.conflict' },
  { exit: 3, argv: ['publish', 'wrong.json', ...AT], code: 'schema.invalid' },
  { exit: 3, argv: ['publish', 'next.json', '--if-revision', 'other'], code: 'source.conflict' },
  { exit: 3, argv: ['publish', 'next.json'], code: 'command.no-terminal' },
  { exit: 3, argv: ['set', 'db.max', '21'], code: 'policy.refused' },
  { exit: 3, argv: ['set', 'log.level', 'debug', '--if-revision', 'other'], code: 'source.conflict' },
  { exit: 3, argv: ['edit'], code: 'schema.invalid', env: editing('wrong.json') },
  { exit: 3, argv: ['edit', '--if-revision', 'other'], code: 'source.conflict', env: editing('next.json') },
  { exit: 3, argv: ['rollback', '1', ...AT], code: 'schema.invalid' },
  { exit: 3, argv: ['rollback', '2', '--if-revision', 'other'], code: 'source.conflict' },
  { exit: 3, argv: ['rollback', '2'], code: 'command.no-terminal' },
]

const withRevision = async (argv: readonly string[]): Promise<readonly string[]> => {
  if (!argv.includes('REV')) return argv
  const at = await revision()
  return argv.map((word) => (word === 'REV' ? at : word))
}

describe('A command on a file', () => {
  beforeEach(start)

  it.each(rows.map((row) => ({ ...row, line: row.argv.join(' ') })))(
    'ends with $exit: $line',
    async ({ exit, argv, code, env, prepare }) => {
      const line = await withRevision(argv)
      await prepare?.()
      const shown = await onFile([...line, '--json'], env)
      const about = shown.out + shown.err
      expect(shown.exit, about).toBe(exit)
      const object = jsonOf(shown)
      expect(object, about).toMatchObject({ schema: 1, command: argv[0] })
      expect(object.exit, about).toBe(exit)
      if (code === undefined) return
      expect(object.error, about).toMatchObject({ code, message: expect.any(String), hint: expect.any(String) })
      const told = await onFile(line, env)
      expect([told.exit, told.err]).toEqual([exit, expect.stringContaining(code)])
      expect(told.out).not.toContain('"schema"')
    },
  )

  it('ends with 0 after the time that it watches, with one object for each change', async () => {
    const ended = await onFile(['watch', '--for', '500ms', '--json'])
    expect(ended).toMatchObject({ exit: 0, err: '' })
    for (const line of ended.out.split('\n').filter((text) => text !== '')) {
      expect(JSON.parse(line)).toMatchObject({ schema: 1, command: 'watch', event: 'current' })
    }
  })

  it('ends with 4 if another publisher holds the file', async () => {
    const { self, stateOf } = systemProcesses()
    const processes = { self: { ...self, instance: 'another' }, stateOf }
    const lock = new SlotClaim(join(folder, 'config.json.changeover', 'lock'), systemFiles, processes)
    expect(await lock.take()).toBe(true)
    const at = await revision()
    for (const line of [
      ['publish', 'next.json', '--if-revision', at],
      ['rollback', '2', '--if-revision', at],
      ['set', 'log.level', 'debug'],
      ['edit'],
    ]) {
      const ended = await onFile([...line, '--timeout', '60ms', '--json'], editing('next.json'))
      expect([ended.exit, jsonOf(ended).error]).toEqual([4, expect.objectContaining({ code: 'history.busy' })])
    }
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe(documentOf('info', 5))
    await lock.release()
    expect((await onFile(['set', 'log.level', 'debug'])).exit).toBe(0)
  })

  it.each([
    ['publish', ['publish', 'next.json', ...AT]],
    ['rollback', ['rollback', '2', ...AT]],
    ['set', ['set', 'log.level', 'debug']],
    ['edit', ['edit']],
  ])('ends with 5 if the change of %s is rolled back while it is held', async (_, line) => {
    const [number, back] = [4, documentOf('info', 5)]
    const argv = [...(await withRevision(line)), '--hold', '50s', '--author', 'Ada', '--json']
    const held = onFile(argv, editing('next.json'))
    const entries = async () => jsonOf(await onFile(['history', '--json'])).entries as readonly object[]
    await expect.poll(async () => (await entries()).length, { timeout: 20_000 }).toBe(number)
    expect((await onFile(['rollback', '3', '--if-revision', await revision()])).exit).toBe(0)
    const ended = await held
    expect([ended.exit, jsonOf(ended).error]).toEqual([5, expect.objectContaining({ code: 'command.rolled-back' })])
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe(back)
  })
})

describe('A command on etcd', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await startEtcd()
  })
  afterAll(() => server.stop())
  beforeEach(start)

  it('ends with 4 if etcd does not answer in time', async () => {
    const target = ['--hosts', server.endpoint, '--key', '/app/config', '--timeout', '200ms']
    const lines = [
      ['get'],
      ['diff', 'next.json'],
      ['explain', 'db.max'],
      ['plan', 'next.json'],
      ['publish', 'next.json', '--if-revision', '0'],
      ['set', 'log.level', 'debug'],
      ['edit'],
      ['history'],
      ['show', '1'],
      ['rollback', '1', '--if-revision', '0'],
      ['watch', '--count', '1'],
    ]
    server.pause()
    try {
      for (const line of lines) {
        const ended = await run([...line, ...target, '--json'], editing('next.json'))
        expect([line[0], ended.exit, jsonOf(ended)]).toEqual([
          line[0],
          4,
          expect.objectContaining({ schema: 1, command: line[0], exit: 4 }),
        ])
      }
    } finally {
      server.resume()
    }
  })

  it('ends with 1 if there is no etcd', async () => {
    const target = ['--hosts', 'http://127.0.0.1:1', '--key', '/app/config', '--json']
    for (const line of [['get'], ['plan', 'next.json'], ['history'], ['set', 'log.level', 'debug'], ['watch']]) {
      const ended = await run([...line, ...target])
      expect([ended.exit, jsonOf(ended).error]).toEqual([1, expect.objectContaining({ code: 'source.unreachable' })])
    }
  })
})

describe('changeover check', () => {
  it('ends with 4 if the schema does not answer in time', async () => {
    folder = await makeFolder(`export default {
  schema: { '~standard': { version: 1, vendor: 'own', validate: () => new Promise((resolve) => setTimeout(resolve, 60_000).unref()) } },
}`)
    await write('a.json', '{}')
    const ended = await run(['check', 'a.json', '--json'])
    expect([ended.exit, jsonOf(ended).error]).toEqual([4, expect.objectContaining({ code: 'schema.timeout' })])
  }, 30_000)
})
