import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allCommands } from '../../src/cli/commands/all-commands.ts'
import { call, configOf, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder(configOf(`{ path: 'config.json' }`))
})
afterEach(() => removeFolder(folder))

const run = (...argv: readonly string[]): Promise<Ended> =>
  call(argv, { cwd: folder, env: { CHANGEOVER_FILE: join(folder, 'config.json') } })
const revision = async (): Promise<string> => String(jsonOf(await run('get', '--json')).revision)
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
const document = (): Promise<string> => readFile(join(folder, 'config.json'), 'utf8')

const publish = async (text: string, ...argv: readonly string[]): Promise<Ended> => {
  await write('next.json', text)
  return run('publish', 'next.json', '--author', 'Ada', ...argv)
}

describe('The command on a file', () => {
  it('publishes, lists, shows and takes back as it does on etcd', async () => {
    expect((await publish(documentOf('info', 5), '--if-revision', '0', '-m', 'first')).exit).toBe(0)
    expect((await publish(documentOf('debug', 9), '--if-revision', await revision())).exit).toBe(0)
    expect((await publish(documentOf('info', 9), '--if-revision', '0')).exit).toBe(3)
    expect((await run('rollback', '1', '--if-revision', await revision(), '--author', 'Bob')).exit).toBe(0)
    expect(await document()).toBe(documentOf('info', 5))
    const { entries, isCurrent } = jsonOf(await run('history', '--json')) as unknown as {
      entries: object[]
      isCurrent: boolean
    }
    expect([isCurrent, entries.length]).toEqual([true, 3])
    expect(entries[0]).toMatchObject({ number: 3, author: 'Bob', action: 'rollback', to: 1 })
    expect((await run('show', '2', '--show-values')).out).toBe(documentOf('debug', 9))
  })

  it('keeps the mode of the file, and lets only the owner read the history', async () => {
    await write('config.json', documentOf('info', 5))
    await chmod(join(folder, 'config.json'), 0o640)
    await publish(documentOf('debug', 5), '--if-revision', await revision())
    expect((await stat(join(folder, 'config.json'))).mode & 0o777).toBe(0o640)
    const beside = join(folder, 'config.json.changeover')
    expect((await stat(beside)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(beside)) expect((await stat(join(beside, name))).mode & 0o077).toBe(0)
  })

  it('counts what a killed publisher has begun only if the document has it', async () => {
    await publish(documentOf('info', 5), '--if-revision', '0')
    await publish(documentOf('debug', 5), '--if-revision', await revision())
    const beside = join(folder, 'config.json.changeover')
    const [entry] = await Promise.all([readFile(join(beside, '0000000002.entry'))])
    // Killed before the document was replaced.
    await write('config.json', documentOf('info', 5))
    await writeFile(join(beside, '0000000002.pending'), entry)
    const { rm } = await import('node:fs/promises')
    await rm(join(beside, '0000000002.entry'))
    const before = jsonOf(await run('history', '--json')) as unknown as { entries: object[]; isCurrent: boolean }
    expect([before.entries.length, before.isCurrent]).toEqual([1, true])
    // Killed after it.
    await write('config.json', documentOf('debug', 5))
    const after = jsonOf(await run('history', '--json')) as unknown as { entries: object[]; isCurrent: boolean }
    expect([after.entries.length, after.isCurrent]).toEqual([2, true])
    await publish(documentOf('info', 6), '--if-revision', await revision())
    expect((await readdir(beside)).filter((name) => !name.startsWith('lock')).sort()).toEqual([
      '0000000001.entry',
      '0000000002.entry',
      '0000000003.entry',
      'head.json',
    ])
  })

  it('lets exactly one of two publishers win', async () => {
    await publish(documentOf('info', 5), '--if-revision', '0')
    await write('one.json', documentOf('debug', 5))
    await write('two.json', documentOf('debug', 6))
    const at = await revision()
    const ended = await Promise.all(['one', 'two'].map((name) => run('publish', `${name}.json`, '--if-revision', at)))
    expect(ended.map(({ exit }) => exit).sort()).toEqual([0, 3])
  })

  it('says that there is no such file, folder or permission', async () => {
    expect((await run('get')).err).toContain('document.missing')
    expect(await run('publish', 'none.json')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('command.file-failed'),
    })
    await mkdir(join(folder, 'config.json'))
    expect(await run('get')).toMatchObject({ exit: 1, err: expect.stringContaining('source.failed') })
  })
})

describe('changeover set', () => {
  const texts: readonly (readonly [name: string, before: string, path: string, value: string, after: string])[] = [
    [
      'a.jsonc',
      '{\n  // why\n  "a": 1, // one\n  "b": 2 // two\n}\n',
      'a',
      '5',
      '{\n  // why\n  "a": 5, // one\n  "b": 2 // two\n}\n',
    ],
    ['a.jsonc', '{\n  "a": 1 // one\n}\n', 'b', 'x', '{\n  "a": 1, // one\n  "b": "x"\n}\n'],
    ['a.jsonc', '{\n  "a": 1,\n}\n', 'b.c', 'true', '{\n  "a": 1,\n  "b": {\n    "c": true\n  },\n}\n'],
    ['a.json', '{"a":{"b":[1,2]}}', 'a.b.1', '9', '{"a":{"b":[1,9]}}'],
    ['a.json', '{"a":{"b":[1,2]}}', 'a.b.2', '9', '{"a":{"b":[1,2, 9]}}'],
    ['a.json', '{}', 'a', 'x', '{ "a": "x" }'],
    ['a.json', '{\r\n\t"a": 1\r\n}', 'b', '2', '{\r\n\t"a": 1,\r\n\t"b": 2\r\n}'],
    ['a.json', '{"a\\u0062": "//", "c": "}"}', 'ab', 'y', '{"a\\u0062": "y", "c": "}"}'],
    ['a.yaml', '# top\nb: 2   # two\na: &x\n  - 1\nc: *x\n', 'b', '3', '# top\nb: 3   # two\na: &x\n  - 1\nc: *x\n'],
    ['a.yaml', 'a: {b: x, c: y}\n', 'a.b', 'p, q', 'a: {b: "p, q", c: y}\n'],
    ['a.yaml', '# top\na: 1 # one\n', 'b', 'yes', '# top\na: 1 # one\nb: yes\n'],
    ['a.toml', '# top\n[a]\nb = "x" # old\nc = 1\n', 'a.b', 'z', '# top\n[a]\nb = "z" # old\nc = 1\n'],
    ['a.toml', 'a = 1_000 # k\n', 'a', '7', 'a = 7 # k\n'],
  ]
  it.each(texts)('changes %s in place: %j at %s to %s', async (name, before, path, value, after) => {
    await write('none.json', '{}')
    await write(name, before)
    const ended = await run('set', path, value, '--file', name, '--config', 'none.json')
    expect(ended).toMatchObject({ exit: 0 })
    expect(await readFile(join(folder, name), 'utf8')).toBe(after)
  })

  it('refuses with a reason what a format does not allow', async () => {
    await write('none.json', '{}')
    await write('a.toml', '[a]\nb = 1\n')
    const ended = await run('set', 'a.c', '1', '--file', 'a.toml', '--config', 'none.json')
    expect(ended).toMatchObject({ exit: 1, err: expect.stringContaining('command.edit-unsupported') })
    await write('a.json', '{"a": 1}')
    const below = await run('set', 'a.b', '1', '--file', 'a.json', '--config', 'none.json')
    expect(below).toMatchObject({ exit: 1, err: expect.stringContaining('holds no others') })
    expect(await readFile(join(folder, 'a.json'), 'utf8')).toBe('{"a": 1}')
  })

  it('takes the value from the standard input, and a text where the schema wants one', async () => {
    await write('config.json', documentOf('info', 5))
    const at = { cwd: folder, env: { CHANGEOVER_FILE: join(folder, 'config.json') } }
    expect((await call(['set', 'db.password', '-'], { ...at, input: '123456789\n' })).exit).toBe(0)
    expect((JSON.parse(await document()) as { db: { password: unknown } }).db.password).toBe('123456789')
    expect((await run('history')).out).not.toContain('123456789')
  })

  it('does not ask on an input that has ended with the value, and publish does not either', async () => {
    await write('config.json', documentOf('info', 5))
    const at = { cwd: folder, env: { CHANGEOVER_FILE: join(folder, 'config.json') }, isTerminal: true }
    const set = await call(['set', 'db.password', '-'], { ...at, input: '123456789\n' })
    expect([set.exit, set.err]).toEqual([0, ''])
    const publish = await call(['publish', '-'], { ...at, input: documentOf('debug', 5) })
    expect([publish.exit, publish.err]).toEqual([3, expect.stringContaining('command.no-terminal')])
    const asked = await call(['set', 'log.level', 'debug'], { ...at, input: 'y\n' })
    expect([asked.exit, asked.err]).toEqual([0, expect.stringContaining('[y/N]')])
  })
})

describe('changeover check', () => {
  it('checks without a server or a secret: references are accepted, whatever the schema wants there', async () => {
    await writeFile(
      join(folder, 'strict.mjs'),
      `import { z } from 'zod'
export default {
  source: { hosts: 'http://127.0.0.1:1', key: '/none' },
  schema: z.strictObject({ url: z.url(), pin: z.string().regex(/^\\d{4}-never$/), list: z.array(z.string().min(60)), n: z.int() }),
  policies: [({ url }) => { if (!url.startsWith('https')) throw new Error('plain') }],
}`,
    )
    const secret = (name: string) => ({ $secret: `vault:${name}` })
    await write('a.json', JSON.stringify({ url: secret('a'), pin: '1234-never', list: [secret('b')], n: 1 }))
    expect(await run('check', 'a.json', '--config', 'strict.mjs')).toMatchObject({
      exit: 0,
      out: expect.stringContaining('2 references'),
    })
    await write('a.json', JSON.stringify({ url: secret('a'), pin: secret('p'), list: [], n: 1 }))
    const unchecked = await run('check', 'a.json', '--config', 'strict.mjs')
    expect(unchecked).toMatchObject({ exit: 0, out: expect.stringContaining('policies were not asked') })
    await write('a.json', JSON.stringify({ url: secret('a'), pin: secret('p'), list: [], n: 'x' }))
    const refused = await run('check', 'a.json', '--config', 'strict.mjs', '--json')
    expect(refused.exit).toBe(3)
    expect(jsonOf(refused)).toMatchObject({ error: { code: 'schema.invalid', failures: [{ path: 'n' }] } })
    await write('a.json', JSON.stringify({ url: { $secret: 'vault:a', x: 1 }, pin: '1234-never', list: [], n: 1 }))
    expect((await run('check', 'a.json', '--config', 'strict.mjs')).err).toContain('secret.invalid')
  })

  it('names what is wrong with a file and its place, and no value of it', async () => {
    await write('a.json', '{ "log": { "level": "hunter2" }, "db": { "max": 5 } }')
    const refused = await run('check', 'a.json')
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining('log.level')])
    expect(refused.err + refused.out).not.toContain('hunter2')
    await write('a.json', '{ "log": ')
    expect(await run('check', 'a.json')).toMatchObject({ exit: 3, err: expect.stringContaining('document.malformed') })
    expect(await run('check', 'none.json')).toMatchObject({ exit: 1 })
  })

  it('reads other formats, and the standard input', async () => {
    await write('a.yaml', 'log: { level: info }\ndb: { max: 5 } # five\n')
    expect((await run('check', 'a.yaml')).exit).toBe(0)
    const at = { cwd: folder, input: documentOf('info', 5) }
    expect((await call(['check', '-'], at)).exit).toBe(0)
  })
})

describe('A config of the command', () => {
  it.each([
    [`restart: { paths: ['port'], policy: 'refsue' }`, 'restart.policy'],
    [`restart: { policy: 'hold' }`, 'restart needs paths'],
    [`restart: { paths: ['port'], polcy: 'hold' }`, 'restart has no polcy'],
    [`restart: ['']`, 'restart must be'],
    [`restart: 'port'`, 'restart must be'],
    [`public: 'log'`, 'public must be'],
    [`public: [['log']]`, 'public must be'],
    [`live: ['port'], restart: ['port']`, 'both live and restart'],
    [`policies: [{}]`, 'policies must be'],
    [`schema: { parse() {} }`, 'Standard Schema'],
    [`source: 'config.json'`, 'source must be'],
    [`parse: 'yaml'`, 'parse must be'],
  ])('is checked as the reloader checks it: %s', async (option, detail) => {
    await write('wrong.mjs', `export default { ${option} }`)
    await write('a.json', '{}')
    const ended = await run('check', 'a.json', '--config', 'wrong.mjs')
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('command.config-failed')])
    expect(ended.err).toContain(detail)
  })

  it('is told to name paths that the schema does not declare', async () => {
    await write('now.json', documentOf('info', 5))
    const right = await run('check', 'now.json')
    expect(right).toMatchObject({ exit: 0, out: expect.not.stringContaining('no such path') })
    const config = configOf(`{ path: 'config.json' }`).replace(`['log']`, `['lgo']`).replace(`['port']`, `['prot']`)
    await write('misspelt.mjs', config)
    const ended = await run('check', 'now.json', '--config', 'misspelt.mjs')
    expect(ended).toMatchObject({ exit: 0, out: expect.stringContaining('no such path (public, restart): lgo, prot') })
  })
})

describe('The command line', () => {
  it.each([
    [[], 1],
    [['help'], 0],
    [['nothing'], 1],
    [['get', 'x'], 1],
    [['get', '--nothing'], 1],
    [['get', '--timeout', 'soon'], 1],
    [['show', 'x'], 1],
    [['publish'], 1],
    [['get', '--format', 'xml'], 1],
    [['set', 'a..b', '1'], 1],
    [['publish', 'a.json', '--if-revision', '../x'], 1],
    [['get', '--file', 'a', '--key', 'b'], 1],
  ] as const)('ends %j with exit code %i', async (argv, exit) => {
    await write('a.json', documentOf('info', 5))
    expect((await run(...argv)).exit).toBe(exit)
  })

  it('needs a target, and says how to name one', async () => {
    await write('none.json', '{}')
    const ended = await call(['get', '--config', 'none.json', '--json'], { cwd: folder })
    expect([ended.exit, jsonOf(ended).error]).toEqual([1, expect.objectContaining({ code: 'command.no-target' })])
  })

  it('has a help with two examples for each command', async () => {
    const { out } = await run('--help')
    const names = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
    expect(names).toEqual(allCommands.map((command) => command.name))
    for (const name of names) {
      const help = (await run(name, '--help')).out
      expect(help.split('Examples:')[1]?.trim().split('\n')).toHaveLength(2)
    }
  })
})

describe('changeover init and explain', () => {
  it('writes a config and a first document of the defaults, and replaces no file', async () => {
    await writeFile(
      join(folder, 'schema.mjs'),
      `import { z } from 'zod'
export const Config = z.strictObject({ log: z.strictObject({ level: z.enum(['info', 'debug']) }), port: z.int().default(8080), name: z.string().min(1), extra: z.string().optional() })`,
    )
    const ended = await run('init', '--schema', './schema.mjs#Config', '--json')
    expect([ended.exit, jsonOf(ended).toFillIn]).toEqual([0, [expect.stringContaining('name')]])
    expect(JSON.parse(await document())).toEqual({ log: { level: 'info' }, port: 8080, name: '' })
    expect(await readFile(join(folder, 'changeover.config.ts'), 'utf8')).toContain(
      `import { Config as schema } from './schema.mjs'`,
    )
    expect((await run('init')).exit).toBe(1)
  })

  it('says where a value comes from, with its line', async () => {
    await write('config.json', documentOf('info', 5))
    const ended = await run('explain', 'db.max')
    expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('config.json:3:18')])
    expect(ended.out).not.toMatch(/ 5$/m)
    expect((await run('explain', 'log.level')).out).toContain('"info"')
    expect(await run('explain', 'db.none')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('command.no-such-path'),
    })
  })
})
