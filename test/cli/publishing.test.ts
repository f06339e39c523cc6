import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call, configOf, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder(configOf(`{ path: 'config.json' }`))
  await writeFile(join(folder, 'config.json'), documentOf('info', 5))
  await writeFile(join(folder, 'next.json'), documentOf('debug', 6))
})
afterEach(() => removeFolder(folder))

const command = (argv: readonly string[]): Promise<Ended> =>
  call(argv, { cwd: folder, env: { CHANGEOVER_FILE: 'config.json' } })
const run = (...argv: readonly string[]): Promise<Ended> => command([...argv, '--author', 'Ada'])

const document = (): Promise<string> => readFile(join(folder, 'config.json'), 'utf8')
const revision = async (): Promise<string> => String(jsonOf(await command(['get', '--json'])).revision)
const entries = async (): Promise<readonly object[]> =>
  jsonOf(await command(['history', '--json'])).entries as readonly object[]

describe('A flag of a publish that cannot be meant', () => {
  it.each([
    ['--hold', 'soon'],
    ['--hold', '0s'],
    ['--hold', '25h'],
    ['--for', 'many', '--wait'],
    ['--for', '1'],
    ['--if-revision', ''],
    ['--if-revision', 'a b'],
    ['--author', ' '],
    ['--message', 'x'.repeat(2_001)],
    ['--timeout', '5x'],
  ])('is refused before anything is written: %s %s', async (...flags) => {
    const at = flags[0] === '--if-revision' ? [] : ['--if-revision', await revision()]
    const ended = await command(['publish', 'next.json', ...at, ...flags])
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('command.usage')])
    expect(await document()).toBe(documentOf('info', 5))
    expect(await entries()).toEqual([])
  })
})

describe('A conflict', () => {
  it('names who wrote what is there, and shows what would have been overwritten', async () => {
    const first = await revision()
    await run('set', 'log.level', 'debug', '-m', 'find the leak')
    const ended = await run('publish', 'next.json', '--if-revision', first)
    expect([ended.exit, ended.err]).toEqual([3, expect.stringContaining('source.conflict')])
    expect(ended.err).toMatch(/The document is at revision \w+, publish by Ada at \d{4}-\S+: find the leak\.\n/)
    expect(ended.err).toContain('~ db.max')
    expect(ended.err).not.toContain('log.level')
    await run('set', 'log.level', 'info')
    const again = await run('publish', 'next.json', '--if-revision', first, '--json')
    const { overwritten } = jsonOf(again) as unknown as { overwritten: { by: object; diff: { differences: object[] } } }
    expect(overwritten.by).toMatchObject({ author: 'Ada', action: 'publish', reason: '' })
    expect(overwritten.diff.differences).toMatchObject([{ path: 'log.level' }, { path: 'db.max' }])
    const plain = await run('publish', 'next.json', '--if-revision', first)
    expect(plain.err).toMatch(/publish by Ada at \S+Z\.\n/)
  })

  it('names nobody if something else has written the document', async () => {
    const first = await revision()
    await run('set', 'log.level', 'debug')
    await writeFile(join(folder, 'config.json'), documentOf('info', 7))
    const ended = await run('publish', 'next.json', '--if-revision', first)
    expect(ended.err).toMatch(/The document is at revision \w+\.\n/)
  })
})

describe('A plan', () => {
  const plan = async (): Promise<Record<string, unknown>> => {
    expect((await run('plan', 'next.json', '-o', 'next.plan', '-m', 'more')).exit).toBe(2)
    return JSON.parse(await readFile(join(folder, 'next.plan'), 'utf8')) as Record<string, unknown>
  }

  it('is published with its author and its reason, and does nothing the second time', async () => {
    await plan()
    expect((await command(['publish', 'next.plan'])).exit).toBe(0)
    expect(await document()).toBe(documentOf('debug', 6))
    expect((await entries())[0]).toMatchObject({ author: 'Ada', reason: 'more', action: 'publish' })
    const again = await run('publish', 'next.plan')
    expect([again.exit, again.out]).toEqual([0, expect.stringContaining('as planned')])
  })

  it('is published however it is laid out', async () => {
    await writeFile(join(folder, 'next.plan'), JSON.stringify(await plan()))
    expect((await run('publish', 'next.plan')).exit).toBe(0)
    expect(await document()).toBe(documentOf('debug', 6))
  })

  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['of another version', { changeoverPlan: 2 }],
    ['for', { target: 'file /elsewhere/config.json' }],
    ['command.plan-invalid', { revision: 7 }],
    ['command.plan-invalid', { text: { log: 1 } }],
    ['command.plan-invalid', { author: undefined }],
    ['command.plan-invalid', { reason: null }],
  ])('is refused if it is damaged: %s %j', async (told, fields) => {
    await writeFile(join(folder, 'next.plan'), JSON.stringify({ ...(await plan()), ...fields }))
    const ended = await run('publish', 'next.plan')
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('command.plan-invalid')])
    expect(ended.err).toContain(told)
    expect(await document()).toBe(documentOf('info', 5))
  })

  it('is refused if its beginning is lost', async () => {
    const text = JSON.stringify(await plan())
    await writeFile(join(folder, 'next.plan'), text.slice(1))
    const ended = await run('publish', 'next.plan')
    expect([ended.exit, ended.err]).toEqual([1, expect.stringMatching('command.plan-invalid.*it is not JSON')])
  })

  it('is refused if the document has changed since', async () => {
    await plan()
    await run('set', 'db.max', '7')
    const ended = await run('publish', 'next.plan')
    expect([ended.exit, ended.err]).toEqual([3, expect.stringContaining('source.conflict')])
  })
})

describe('A change that is held', () => {
  const heldWhile = async (next: () => Promise<unknown>): Promise<Ended> => {
    const at = await revision()
    const held = run('publish', 'next.json', '--if-revision', at, '--hold', '50s')
    await expect.poll(document).toBe(documentOf('debug', 6))
    await expect.poll(entries).not.toEqual([])
    await next()
    return held
  }

  it('fails once something else has replaced it, and says by whom', async () => {
    const byCommand = await heldWhile(() => run('set', 'db.max', '7', '-m', 'less'))
    expect([byCommand.exit, byCommand.err]).toEqual([3, expect.stringContaining('command.superseded')])
    expect(byCommand.err).toMatch(/entry \d+, by Ada/)
  })

  it('fails with 5 once it is taken back', async () => {
    const taken = await heldWhile(async () => run('rollback', '1', '--if-revision', await revision()))
    expect([taken.exit, taken.err]).toEqual([5, expect.stringContaining('command.rolled-back')])
  })

  it('fails once something has replaced it that keeps no history', async () => {
    const byOther = await heldWhile(() => writeFile(join(folder, 'config.json'), documentOf('info', 8)))
    expect([byOther.exit, byOther.err]).toEqual([3, expect.stringContaining('keeps no history')])
  })

  it('is done when the time is over', async () => {
    const ended = await run('publish', 'next.json', '--if-revision', await revision(), '--hold', '50ms')
    expect([ended.exit, ended.err]).toEqual([0, ''])
  })
})
