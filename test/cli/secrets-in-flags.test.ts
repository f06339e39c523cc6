import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call, type Ended, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder('export default {}')
  await writeFile(join(folder, 'config.json'), '{"db":{},"limits":{}}')
})
afterEach(() => removeFolder(folder))

const run = (argv: readonly string[]): Promise<Ended> => call(argv, { cwd: folder })
const set = (path: string, value: string): Promise<Ended> => run(['set', '--file', 'config.json', path, value])

describe('A secret on the command line', () => {
  it.each([
    [['get', '--password', 'hunter2']],
    [['get', '--password=hunter2']],
    [['get', '-p', 'hunter2']],
    [['get', '-phunter2']],
    [['get', '--pass', 'hunter2']],
    [['get', '--db-password', 'hunter2']],
    [['get', '--token=hunter2']],
    [['get', '--client-secret', 'hunter2']],
    [['get', '--api-key', 'hunter2']],
    [['get', '--apikey=hunter2']],
    [['get', '--private-key', 'hunter2']],
    [['get', '--credentials', 'hunter2']],
    [['get', '--bearer', 'hunter2']],
    [['get', '--cert-key', '-----BEGIN EC PRIVATE KEY-----\nhunter2']],
    [['get', '--hosts', 'http://root:hunter2@127.0.0.1:2379', '--key', '/a']],
    [['get', '--hosts=http://127.0.0.1:1,https://:hunter2@127.0.0.1:2379', '--key', '/a']],
    [['get', '--hosts', 'root:hunter2@127.0.0.1:2379', '--key', '/a']],
    [['get', '--hosts', 'hunter2@127.0.0.1', '--key', '/a']],
    [['get', '--user', 'root:hunter2']],
    [['get', '--user=root:hunter2']],
    [['get', '--user', 'ada', '--user', 'root:hunter2']],
    [['publish', 'a.json', '-m', 'see https://ada:hunter2@wiki.example']],
    [['get', '--config', 'https://ada:hunter2@host/changeover.config.js']],
    [['check', 'https://ada:hunter2@host/config.json']],
    [['set', 'db.url', 'postgres://app:hunter2@db/app']],
    [['set', 'db.url', '--', 'postgres://app:hunter2@db/app']],
    [['set', 'db.password', 'hunter2']],
    [['set', 'db.apiKey', 'hunter2']],
    [['set', 'db.adminPwd', 'hunter2']],
    [['set', 'db.password', '--string', '7482910-hunter2']],
    [['set', 'db', '{"user":"ada","password":"hunter2"}']],
    [['set', 'tokens', '["hunter2"]']],
    [['set', 'db', '[{"auth":{"clientSecret":"hunter2"}}]']],
    [['set', 'db.passwords.0', 'hunter2']],
    [['set', 'db.password=hunter2']],
    [['set', 'db.password=hunter2', 'now']],
    [['set', 'db.command', 'psql --password=hunter2']],
    [['override', 'db.password=hunter2']],
    [['override', '--for', '10m', 'db.password=hunter2']],
    [['override', '--file', 'config.json', 'db.password=hunter2']],
    [['override', '--', 'db.password=hunter2']],
    [['override', 'db.password="hunter2"']],
    [['override', 'db.adminPwd=hunter2 and more']],
    [['override', 'db={"user":"ada","password": "hunter2"}']],
    [['override', 'tokens=[ "hunter2" ]']],
    [['override', 'db\\.main.tokens.0=hunter2']],
    [['override', 'db.password={ "text": { "token": "hunter2" } }']],
    [['override', 'db.url=postgres://app:hunter2@db/app']],
    [['explain', 'db.password=hunter2']],
    [['freeze', '-m', 'apiKey=hunter2 leaks']],
    [['publish', 'config.json', '-m', 'see https://wiki.example/?token=hunter2']],
    [['publish', 'config.json', '--message=clientSecret=hunter2']],
  ])('is refused and not repeated: %j', async (argv) => {
    for (const more of [[], ['--json']]) {
      const ended = await run([argv[0] ?? '', ...more, ...argv.slice(1)])
      expect(ended.exit).toBe(1)
      expect(ended.err + ended.out).toContain('command.secret-in-flags')
      expect(ended.err + ended.out).not.toContain('hunter2')
    }
  })

  it.each([
    ['db.password', '12345678'],
    ['db.pin', '{"token":99}'],
  ])('may be a number: %s %s', async (path, value) => {
    const ended = await set(path, value)
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('command.secret-in-flags')])
  })

  it.each([['db.password=12345678'], ['db.apiKey=7'], ['db.pins.0={"token":99}']])(
    'may be a number of an override: %s',
    async (assigned) => {
      const ended = await run(['override', '--file', 'config.json', assigned])
      expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('command.secret-in-flags')])
    },
  )

  it.each([
    ['db.password={"$secret":"vault:db"}'],
    ['db.password={ "$secret": "vault:db" }'],
    ['db.password=-'],
    ['db.passwordRotation=true'],
    ['limits.maxTokens=4096'],
    ['limits.tokenTtl=60'],
    ['db.password=null'],
    ['db.url=postgres://app@db/app'],
    ['log.passthrough=yes'],
  ])('is not seen in an override that has none: %s', async (assigned) => {
    const ended = await run(['override', '--file', 'config.json', assigned])
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('fleet.needs-etcd')])
  })

  it.each([
    ['db.password', '{"$secret":"vault:db"}'],
    ['db.passwordRotation', 'true'],
    ['limits.maxTokens', '4096'],
    ['limits.tokenTtl', '60'],
    ['db.password', 'null'],
    ['db.url', 'postgres://app@db/app'],
    ['log.passthrough', 'yes'],
  ])('is not seen in what is none: %s %s', async (path, value) => {
    expect(await set(path, value)).toMatchObject({ exit: 0, err: '' })
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toContain(path.split('.')[1])
  })

  it('is refused in the address of a config too, and not repeated', async () => {
    const source = { hosts: 'http://root:hunter2@127.0.0.1:2379', key: '/a' }
    await writeFile(join(folder, 'changeover.config.json'), JSON.stringify({ source }))
    const ended = await run(['get', '--config', 'changeover.config.json'])
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('without user, password')])
    expect(ended.err + ended.out).not.toContain('hunter2')
    const env = { CHANGEOVER_HOSTS: 'http://root:hunter2@127.0.0.1:2379', CHANGEOVER_KEY: '/a' }
    const named = await call(['get'], { cwd: folder, env })
    expect([named.exit, named.err]).toEqual([1, expect.stringContaining('without user, password')])
    expect(named.err + named.out).not.toContain('hunter2')
  })
})
