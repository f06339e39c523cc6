import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allCommands } from '../../src/cli/commands/all-commands.ts'
import { pathOf } from '../../src/cli/context/path-of.ts'
import { call, configOf, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder(configOf(`{ path: 'config.json' }`))
  await writeFile(join(folder, 'config.json'), documentOf('info', 5))
})
afterEach(() => removeFolder(folder))

const run = (...argv: readonly string[]): Promise<Ended> =>
  call(argv, { cwd: folder, env: { CHANGEOVER_FILE: 'config.json' } })

describe('The help', () => {
  it('names every command, and is an error only if nothing was asked', async () => {
    const { exit, out } = await run('help')
    expect(exit).toBe(0)
    for (const { name, summary } of allCommands)
      expect(out).toMatch(new RegExp(`^  ${name} .*${summary.slice(0, 20)}`, 'm'))
    for (const flag of ['--help', '-h']) expect(await run(flag)).toMatchObject({ exit: 0, out })
    expect(await run()).toMatchObject({ exit: 1, out })
  })

  it.each(allCommands.map((command) => [command.name, command] as const))(
    'of %s has its flags with their values, those of every command, and its examples',
    async (name, { flags, examples, usage }) => {
      const { exit, out } = await run(name, '--help')
      expect(exit).toBe(0)
      expect(out.startsWith(`Usage: changeover ${name}${usage === '' ? '' : ` ${usage}`} [flags]\n`)).toBe(true)
      expect(out).not.toContain('\n\n\n')
      const own = out.slice(0, out.indexOf('For every command:'))
      for (const [flag, { short, value, help }] of Object.entries(flags)) {
        const names = `  ${short === undefined ? '' : `-${short}, `}--${flag}${value === undefined ? '' : ` ${value}`}`
        expect(own.split('\n').some((line) => line.startsWith(`${names}  `) && line.endsWith(help))).toBe(true)
      }
      for (const flag of ['--config FILE', '-h, --help', '--json']) expect(out).toContain(`  ${flag} `)
      for (const [example, effect] of examples) {
        expect(out).toContain(`  ${example}`)
        expect(out).toContain(effect)
      }
    },
  )

  it('says that a reason is a text', async () => {
    expect((await run('publish', '--help')).out).toMatch(/^ {2}-m, --message TEXT {2,}the reason$/m)
  })
})

describe('A command', () => {
  it.each(allCommands.map(({ name }) => name))('takes no more arguments than it has: %s', async (name) => {
    const ended = await run(name, 'a', 'b', 'c', 'd', 'e', '--json')
    expect((jsonOf(ended).error as { readonly code: string }).code).toBe('command.usage')
  })

  it('takes the short name of a flag, and what follows two dashes as it is', async () => {
    expect((await run('set', 'db.max', '6', '-m', 'more', '--author', 'Ada')).exit).toBe(0)
    expect((await run('history')).out).toContain('more')
    expect((await run('get', '-h')).out).toContain('Usage: changeover get')
  })

  it('names the entry that a rollback has brought back', async () => {
    await run('set', 'db.max', '6', '--author', 'Ada')
    const { revision } = jsonOf(await run('get', '--json'))
    expect((await run('rollback', '1', '--if-revision', String(revision), '--author', 'Ada')).exit).toBe(0)
    const { out } = await run('history')
    expect(out).toMatch(/ rollback to 1 /)
    expect(out).toMatch(/ publish {2,}/)
    expect(out).not.toContain('publish to')
  })

  it('watches until it has shown as many changes as it was asked for', async () => {
    let hasEnded = false
    const watched = run('watch', '--json', '--count', '1').finally(() => {
      hasEnded = true
    })
    // The first change may come before the watch has begun.
    for (let max = 6; !hasEnded; max = max === 6 ? 7 : 6) {
      await run('set', 'db.max', String(max), '--author', 'Ada')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { exit, out } = await watched
    const events = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly event: string }).event)
    expect([exit, events]).toEqual([0, ['current', 'changed']])
  })

  it('ends what it prints with one line break', async () => {
    for (const text of ['{"log":{"level":"info"}}', '{"log":{"level":"info"}}\n']) {
      await writeFile(join(folder, 'config.json'), text)
      expect((await run('get', '--show-values')).out).toBe('{"log":{"level":"info"}}\n')
    }
  })

  it.each([
    ['json', '{"log":{"level":"info"},"db":{"max":5}}'],
    ['jsonc', '{"log":{"level":"info"},"db":{"max":5,},} // all'],
    ['yaml', 'log: { level: info }\ndb: { max: 5 }\n'],
    ['toml', 'log.level = "info"\ndb.max = 5\n'],
  ])('reads a text in the format that is named, whatever the file is called: %s', async (format, text) => {
    await writeFile(join(folder, 'next.txt'), text)
    expect(await run('check', 'next.txt', '--format', format)).toMatchObject({ exit: 0, err: '' })
    expect((await run('check', 'next.txt', '--format', `${format}5`)).err).toContain('json, jsonc, yaml, toml')
  })

  it('refuses a file that is no UTF-8', async () => {
    await writeFile(join(folder, 'next.json'), Buffer.from([0x22, 0xff, 0x22]))
    for (const name of ['check', 'publish', 'plan']) {
      const ended = await run(name, 'next.json', '--json')
      expect((jsonOf(ended).error as { readonly code: string }).code).toBe('document.encoding')
    }
  })
})

describe('A path', () => {
  it.each<readonly [string, readonly string[]]>([
    ['a', ['a']],
    ['a.b.0', ['a', 'b', '0']],
    ['a\\.b.c', ['a.b', 'c']],
    ['a\\.\\.b', ['a..b']],
  ])('has the keys that dots separate: %s', (text, path) => {
    expect(pathOf(text)).toEqual(path)
  })

  it.each(['', '.', 'a.', '.a', 'a..b'])('has no empty key: %j', (text) => {
    expect(() => pathOf(text)).toThrow('command.usage')
  })
})
