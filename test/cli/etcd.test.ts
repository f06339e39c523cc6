import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { etcdSource } from '../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { follow, never, textOf } from '../sources/follow.ts'
import { call, configOf, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let server: EtcdServer
let folder: string
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
  folder = await makeFolder(configOf(`{ hosts: '${server.endpoint}' }`))
})
afterAll(async () => {
  await removeFolder(folder)
  await server.stop()
})

/** A new key, with the commands that work on it. */
const newKey = (flags: readonly string[] = []) => {
  const key = `/app/config-${++keys}`
  const at = (...argv: readonly string[]): Promise<Ended> => {
    const [name = '', ...rest] = argv
    return call([name, '--key', key, '--author', 'Ada', ...flags, ...rest], { cwd: folder })
  }
  const read = (...argv: readonly string[]): Promise<Ended> => {
    const [name = '', ...rest] = argv
    return call([name, '--key', key, ...flags, ...rest], { cwd: folder })
  }
  const revision = async (): Promise<string> => String(jsonOf(await read('get', '--json')).revision)
  const publish = async (text: string, ...argv: readonly string[]): Promise<Ended> => {
    await writeFile(join(folder, 'next.json'), text)
    return at('publish', 'next.json', ...argv)
  }
  return { key, at, read, revision, publish }
}

const put = (key: string, text: string): Promise<unknown> => server.admin(async (client) => client.put(key).value(text))

describe('The command on a key of etcd', () => {
  it('publishes a document with its history, and takes it back after a compaction to the head', async () => {
    const { key, at, read, revision, publish } = newKey()
    expect((await publish(documentOf('info', 5), '--if-revision', '0', '-m', 'first')).exit).toBe(0)
    expect((await publish(documentOf('debug', 9), '--if-revision', await revision(), '-m', 'second')).exit).toBe(0)
    const { entries, isCurrent } = jsonOf(await read('history', '--json')) as unknown as {
      entries: readonly { number: number; author: string; reason: string; digest: string; time: string }[]
      isCurrent: boolean
    }
    expect(isCurrent).toBe(true)
    expect(entries.map(({ number, author, reason }) => [number, author, reason])).toEqual([
      [2, 'Ada', 'second'],
      [1, 'Ada', 'first'],
    ])
    await server.admin(async (client) => {
      const head = await client.get(key)
      const { header } = await client.kv.range({ key: Buffer.from(key) })
      expect(head).toBe(documentOf('debug', 9))
      await client.kv.compact({ revision: header.revision, physical: true })
    })
    expect((await at('rollback', '1', '--if-revision', await revision())).exit).toBe(0)
    expect((await read('get', '--show-values')).out).toBe(documentOf('info', 5))
    const newest = (jsonOf(await read('history', '--json')).entries as readonly { action: string; to: number }[])[0]
    expect(newest).toMatchObject({ action: 'rollback', to: 1 })
  })

  it('exits with 2 for differences, with 0 without, and never shows a value that is not public', async () => {
    const { read, publish } = newKey()
    await publish(documentOf('info', 7), '--if-revision', '0')
    await writeFile(join(folder, 'other.json'), documentOf('debug', 13))
    const differing = await read('diff', 'other.json')
    expect(differing.exit).toBe(2)
    expect(differing.out).toContain('"info" → "debug"')
    expect(differing.out).toContain('~ db.max')
    expect(differing.out).toMatch(/~ db\.max$/m)
    expect((await read('diff', 'other.json', '--show-values')).out).toContain('7 → 13')
    expect((await read('get')).out).toMatch(/db\.max +\(hidden\)$/m)
    await writeFile(join(folder, 'same.json'), documentOf('info', 7))
    expect((await read('diff', 'same.json')).exit).toBe(0)
  })

  it('publishes a plan once, and refuses it after another change', async () => {
    const { at, revision, publish } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    await writeFile(join(folder, 'next.json'), documentOf('debug', 6))
    expect((await at('plan', 'next.json', '-o', 'next.plan', '-m', 'planned')).exit).toBe(2)
    expect((await at('publish', 'next.plan')).exit).toBe(0)
    expect((await at('publish', 'next.plan')).out).toContain('Nothing to do')
    await publish(documentOf('info', 8), '--if-revision', await revision(), '-m', 'meanwhile')
    const refused = await at('publish', 'next.plan', '--json')
    expect(refused.exit).toBe(3)
    expect(jsonOf(refused)).toMatchObject({
      schema: 1,
      exit: 3,
      error: { code: 'source.conflict' },
      overwritten: { by: { author: 'Ada', reason: 'meanwhile' }, diff: { count: 2 } },
    })
  })

  it('refuses what the schema or a policy refuses, and a publish that nobody can be asked about', async () => {
    const { read, revision, publish } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    const before = await revision()
    const refused = await publish(documentOf('loud', 5), '--if-revision', before)
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining('schema.invalid')])
    const steep = await publish(documentOf('info', 40), '--if-revision', before)
    expect([steep.exit, steep.err]).toEqual([3, expect.stringContaining('policy.refused')])
    const unasked = await publish(documentOf('debug', 5))
    expect([unasked.exit, unasked.err]).toEqual([3, expect.stringContaining('command.no-terminal')])
    expect(await revision()).toBe(before)
    expect(jsonOf(await read('history', '--json')).entries).toHaveLength(1)
  })

  it('records a document that something else has written, before it replaces it', async () => {
    const { key, read, at, revision, publish } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    await put(key, documentOf('debug', 11))
    expect((await read('history')).out).toContain('keeps no history')
    expect((await read('diff')).exit).toBe(2)
    await publish(documentOf('info', 12), '--if-revision', await revision())
    const { entries } = jsonOf(await read('history', '--json')) as unknown as { entries: readonly { action: string }[] }
    expect(entries.map(({ action }) => action)).toEqual(['publish', 'found', 'publish'])
    expect((await at('rollback', '2', '--if-revision', await revision())).exit).toBe(0)
    expect((await read('get', '--show-values')).out).toBe(documentOf('debug', 11))
  })

  it('refuses a document that leaves no room for its history, and writes nothing', async () => {
    const { read, publish } = newKey(['--config', 'none.json'])
    await writeFile(
      join(folder, 'none.json'),
      JSON.stringify({ source: { hosts: server.endpoint }, maxDocumentBytes: 4e6 }),
    )
    const noise = Array.from({ length: 1_500_000 }, () => Math.random().toString(36)[3] ?? 'x').join('')
    const refused = await publish(JSON.stringify({ noise }), '--if-revision', '0')
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining('document.too-large')])
    expect(refused.err).toContain('nothing was written')
    expect((await read('get')).err).toContain('document.missing')
    expect(jsonOf(await read('history', '--json')).entries).toEqual([])
  })

  it('keeps 50 entries, each with its own text', async () => {
    const { read, publish, revision } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    for (let round = 0; round < 52; round++) {
      await publish(documentOf(round % 2 === 0 ? 'debug' : 'info', 5), '--if-revision', await revision())
    }
    const { entries } = jsonOf(await read('history', '--json')) as unknown as { entries: readonly { number: number }[] }
    expect([entries.length, entries[0]?.number, entries.at(-1)?.number]).toEqual([50, 53, 4])
    expect((await read('show', '4', '--show-values')).out).toBe(documentOf('debug', 5))
    expect((await read('show', '3')).err).toContain('history.no-entry')
  })

  it('lets exactly one of two publishers win, and shows the other what it would have overwritten', async () => {
    const { read, revision, publish } = newKey()
    await publish(documentOf('info', 1), '--if-revision', '0')
    for (let round = 0; round < 30; round++) {
      const at = await revision()
      await writeFile(join(folder, 'one.json'), documentOf('debug', 2 + (round % 2)))
      await writeFile(join(folder, 'two.json'), documentOf('info', 2 + (round % 2)))
      const ended = await Promise.all(
        ['one', 'two'].map((name) => read('publish', `${name}.json`, '--if-revision', at, '--author', name)),
      )
      expect(ended.map(({ exit }) => exit).sort()).toEqual([0, 3])
      const loser = ended.find(({ exit }) => exit === 3)
      expect(loser?.err).toContain('This would have been overwritten')
      expect(loser?.err).toContain('log.level')
    }
    const { entries, isCurrent } = jsonOf(await read('history', '--json')) as unknown as {
      entries: readonly object[]
      isCurrent: boolean
    }
    expect([entries.length, isCurrent]).toEqual([31, true])
  })

  it('changes one value in place by compare-and-swap, with everything else as it was', async () => {
    const { at, read, publish } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    expect((await at('set', 'log.level', 'debug', '-m', 'leak')).exit).toBe(0)
    expect((await read('get', '--show-values')).out).toBe(documentOf('debug', 5))
    expect((await at('set', 'db.max', '99')).exit).toBe(3)
    expect((await at('set', 'db.password', 'hunter2hunter2')).err).toContain('command.secret-in-flags')
  })

  it('exits with 5 if the change is rolled back while it is held, and with 3 if it is replaced', async () => {
    const { at, revision, publish, read } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    const count = async (): Promise<number> => (jsonOf(await read('history', '--json')).entries as object[]).length
    const held = publish(documentOf('debug', 5), '--if-revision', await revision(), '--hold', '50s')
    await expect.poll(() => count()).toBe(2)
    expect((await at('rollback', '1', '--if-revision', await revision())).exit).toBe(0)
    expect((await held).exit).toBe(5)
    const replaced = publish(documentOf('debug', 6), '--if-revision', await revision(), '--hold', '50s')
    await expect.poll(() => count()).toBe(4)
    await at('set', 'log.level', 'info')
    expect(await replaced).toMatchObject({ exit: 3, err: expect.stringContaining('command.superseded') })
  })

  it('exits with 0 once the change has been held, and with 1 if etcd cannot be reached', async () => {
    const { publish } = newKey()
    expect((await publish(documentOf('info', 5), '--if-revision', '0', '--hold', '100ms')).exit).toBe(0)
    const gone = await call(['get', '--hosts', 'http://127.0.0.1:1', '--key', '/a', '--json'], { cwd: folder })
    expect([gone.exit, jsonOf(gone).error]).toEqual([1, expect.objectContaining({ code: 'source.unreachable' })])
  })

  it('exits with 4 if etcd does not answer', async () => {
    const { read } = newKey()
    server.pause()
    try {
      const ended = await read('get', '--timeout', '300ms')
      expect([ended.exit, ended.err]).toEqual([4, expect.stringContaining('source.timeout')])
    } finally {
      server.resume()
    }
  })

  it('watches, and says who has changed what', async () => {
    const { at, read, publish } = newKey()
    await publish(documentOf('info', 5), '--if-revision', '0')
    const watching = read('watch', '--json', '--count', '2', '--for', '50s')
    let isDone = false
    void watching.then(() => {
      isDone = true
    })
    for (let round = 0; !isDone; round++) await at('set', 'log.level', round % 2 === 0 ? 'debug' : 'info', '-m', 'seen')
    const lines = (await watching).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; schema: number })
    expect(lines.map(({ event, schema }) => [event, schema])).toEqual([
      ['current', 1],
      ['changed', 1],
      ['changed', 1],
    ])
    expect(lines[1]).toMatchObject({ command: 'watch', diff: { count: expect.any(Number) } })
  })
})

describe('The history', () => {
  it('is never a part of a document, whichever prefix a source reads', async () => {
    const { key, publish, revision } = newKey()
    await put('/app/other', 'x')
    await publish(documentOf('info', 5), '--if-revision', '0')
    const above = etcdSource({ hosts: server.endpoint, prefix: '/app', settleMs: 0 })
    const own = etcdSource({ hosts: server.endpoint, prefix: key, settleMs: 0 })
    const before = await above.read(never)
    expect(Object.keys(JSON.parse(textOf(before) ?? '') as object).filter((name) => name.includes('@'))).toEqual([])
    expect((await own.read(never)).kind).toBe('missing')
    await publish(documentOf('debug', 5), '--if-revision', await revision())
    const after = await above.read(never)
    expect(after.revision.name).not.toBe(before.revision.name)
    expect(textOf(after)).not.toContain('digest')
    await Promise.all([above.close?.(), own.close?.()])
  })

  it('does not wake a source of a prefix when only it has changed', async () => {
    const source = etcdSource({ hosts: server.endpoint, prefix: '/quiet', settleMs: 0 })
    await put('/quiet/a', '1')
    const watched = follow(source, (await source.read(never)).revision)
    await expect.poll(() => watched.events.map(({ kind }) => kind)).toEqual(['opened'])
    await put('/quiet/a@changeover/history/0000000001', 'x')
    await put('/quiet/b', '1')
    await expect.poll(() => watched.events.length).toBeGreaterThan(1)
    expect(watched.events.filter(({ kind }) => kind === 'changed')).toHaveLength(1)
    await watched.stop()
    await source.close?.()
  })

  it('lies beside the key of a namespace too', async () => {
    const { key, publish } = newKey(['--namespace', 'tenant/'])
    await publish(documentOf('info', 5), '--if-revision', '0')
    const keysOf = await server.admin(async (client) => client.getAll().prefix('tenant/').keys())
    expect(keysOf).toEqual([
      `tenant/${key}`,
      `tenant/${key}@changeover/head`,
      `tenant/${key}@changeover/history/0000000001`,
    ])
    const source = etcdSource({ hosts: server.endpoint, namespace: 'tenant/', prefix: '/app', settleMs: 0 })
    expect(Object.keys(JSON.parse(textOf(await source.read(never)) ?? '') as object)).toEqual([
      key.slice('/app/'.length),
    ])
    await source.close?.()
  })
})
