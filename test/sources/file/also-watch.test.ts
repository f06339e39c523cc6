import { watch } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader, type TransactionRecord } from 'changeover'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { FileSourceOptions } from '../../../src/sources/file/index.ts'
import { createFileSource } from '../../../src/sources/file/file-source.ts'
import type { WatchFolder } from '../../../src/files/file-watcher.ts'
import { SOON } from '../follow.ts'

const Config = z.strictObject({ keyFile: z.string(), level: z.string() })

const namedFiles = (text: string): string[] => [JSON.parse(text).keyFile]

describe('A file that a document refers to', () => {
  let folder: string
  let path: string
  let key: string
  const put = (document: object): Promise<void> =>
    replace(path, JSON.stringify({ keyFile: key, level: 'info', ...document }))
  const replace = async (at: string, text: string): Promise<void> => {
    await writeFile(`${at}.new`, text)
    await rename(`${at}.new`, at)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changeover-key-'))
    path = join(folder, 'config.json')
    key = join(folder, 'tls.key')
    await writeFile(key, 'key 1')
    await put({})
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** A service with a module that reads the key, and another that only has a level. */
  const start = async (options: Partial<FileSourceOptions> = {}, watchFolder?: WatchFolder) => {
    const keys: string[] = []
    let levels = 0
    const lines: string[] = []
    const log = (data: object, message: string): void => void lines.push(`${JSON.stringify(data)} ${message}`)
    const source = createFileSource({ path, alsoWatch: namedFiles, pollMs: 3_600_000, ...options }, watchFolder)
    const reloader = createReloader({
      source,
      schema: Config,
      logger: { debug: log, info: log, warn: log, error: log },
      quarantine: { minMs: 20, maxMs: 50 },
    })
      .use('tls', ({ keyFile }) => ({ keyFile }), {
        prepare: async ({ keyFile }) => {
          const text = await readFile(keyFile, 'utf8')
          if (text.startsWith('bad')) throw new Error('the key is bad')
          return { instance: text, commit: () => void keys.push(text) }
        },
      })
      .use('log', ({ level }) => ({ level }), {
        prepare: () => {
          levels += 1
          return { instance: undefined }
        },
      })
    const records: TransactionRecord[] = []
    void (async () => {
      for await (const record of reloader.transactions()) records.push(record)
    })()
    await reloader.start()
    onTestFinished(() => reloader.close())
    const serves = (text: string): Promise<void> => expect.poll(() => reloader.modules.tls.current, SOON).toBe(text)
    const rests = (): Promise<void> =>
      expect.poll(() => [reloader.status().inSync, reloader.status().source.state], SOON).toEqual([true, 'watching'])
    return { reloader, keys, levels: () => levels, lines, records, serves, rests }
  }

  it('is followed: a change prepares all modules again, although the document is the same', async () => {
    const { reloader, serves, keys, levels, records, rests, lines } = await start()
    const { config } = reloader
    for (const text of ['key 2', 'key 3', 'key 2']) {
      await replace(key, text)
      await serves(text)
      await rests()
    }
    expect(keys).toEqual(['key 1', 'key 2', 'key 3', 'key 2'])
    expect(levels()).toBe(4)
    expect(reloader.config).toBe(config)
    expect(records.map(({ outcome, revision }) => `${outcome} ${revision?.name}`)).toEqual([
      'committed #1',
      'committed #2',
      'committed #3',
      'committed #4',
    ])
    expect(JSON.stringify([records, lines, reloader.status()])).not.toContain('key 2')
  })

  it('is followed if it is named by the option alone', async () => {
    const { serves } = await start({ alsoWatch: [key] })
    await replace(key, 'key 2')
    await serves('key 2')
  })

  it('is found by the poll where the system reports nothing', async () => {
    const silent: WatchFolder = (at) => watch(at, () => undefined)
    const { serves } = await start({ pollMs: 50 }, silent)
    await writeFile(key, 'key 2')
    await serves('key 2')
  })

  it('is followed in the mount of a Kubernetes secret, whose ..data link is swapped', async () => {
    const mount = join(folder, 'secret')
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(mount, `..${version}`))
      await writeFile(join(mount, `..${version}`, 'tls.key'), text)
      await symlink(`..${version}`, join(mount, '..data_tmp'))
      await rename(join(mount, '..data_tmp'), join(mount, '..data'))
    }
    await mkdir(mount)
    await publish('1', 'key 1')
    await symlink('..data/tls.key', join(mount, 'tls.key'))
    key = join(mount, 'tls.key')
    await put({})
    const { serves } = await start()
    for (const version of ['2', '3']) {
      await publish(version, `key ${version}`)
      await serves(`key ${version}`)
      await rm(join(mount, `..${Number(version) - 1}`), { recursive: true })
    }
  })

  it('is followed as soon as a changed document names it, and the one before is not', async () => {
    const { serves, rests, records } = await start()
    const first = key
    key = join(folder, 'other.key')
    await writeFile(key, 'other 1')
    await put({})
    await serves('other 1')
    await replace(key, 'other 2')
    await serves('other 2')
    await rests()
    const count = records.length
    await replace(first, 'key 9')
    await replace(key, 'other 3')
    await serves('other 3')
    expect(records).toHaveLength(count + 1)
  })

  it('may change together with the document', async () => {
    const { serves, levels, reloader } = await start()
    await Promise.all([replace(key, 'key 2'), put({ level: 'debug' })])
    await serves('key 2')
    await expect.poll(() => reloader.config.level, SOON).toBe('debug')
    expect(levels()).toBeGreaterThan(1)
  })

  it('starts nothing if only its times change, or if it is replaced by equal content', async () => {
    const { serves, rests, records } = await start()
    await utimes(key, 1_000, 1_000)
    await replace(key, 'key 1')
    await writeFile(join(folder, 'another.key'), 'another')
    await replace(key, 'key 2')
    await serves('key 2')
    await rests()
    expect(records).toHaveLength(2)
  })

  it('is tried again after a bad one, which changes nothing', async () => {
    const { serves, reloader, records } = await start()
    await replace(key, 'bad')
    await expect.poll(() => records.at(-1)?.outcome, SOON).toMatch(/rolled-back|rejected/)
    expect(reloader.modules.tls.current).toBe('key 1')
    expect(reloader.status().inSync).toBe(false)
    await replace(key, 'key 2')
    await serves('key 2')
    await expect.poll(() => reloader.status().inSync, SOON).toBe(true)
  })

  it('may vanish and return', async () => {
    const { serves, reloader, records } = await start()
    await rm(key)
    await expect.poll(() => records.some(({ outcome }) => outcome === 'rolled-back'), SOON).toBe(true)
    expect(reloader.modules.tls.current).toBe('key 1')
    await writeFile(key, 'key 2')
    await serves('key 2')
  })

  it('is not lost if it changes while changes are frozen, and a document follows', async () => {
    const { serves, reloader, levels } = await start()
    await reloader.freeze('test')
    await replace(key, 'key 2')
    await expect.poll(() => reloader.status().frozen?.waiting?.name, SOON).toBe('#2')
    await put({ level: 'debug' })
    await expect.poll(() => reloader.status().frozen?.waiting?.name, SOON).toBe('#3')
    await reloader.unfreeze()
    await serves('key 2')
    expect(levels()).toBe(2)
  })

  it('is taken by a reload before any event has come', async () => {
    const silent: WatchFolder = (at) => watch(at, () => undefined)
    const { reloader } = await start({}, silent)
    await replace(key, 'key 2')
    expect(await reloader.reload()).toMatchObject({ outcome: 'committed' })
    expect(reloader.modules.tls.current).toBe('key 2')
    expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' })
  })

  it.each<[string, NonNullable<FileSourceOptions['alsoWatch']>]>([
    ['throws', () => namedFiles('not JSON')],
    ['returns no array', (() => 'tls.key') as never],
    ['returns a path that is none', (() => [5]) as never],
  ])('is named by a function that may fail, which is reported once: it %s', async (_title, alsoWatch) => {
    const { reloader, lines, records } = await start({ alsoWatch })
    const reports = (): number => lines.filter((line) => line.includes('"code":"source.also-watch"')).length
    expect([reloader.config.level, reports(), reloader.status().inSync]).toEqual(['info', 1, false])
    await put({ level: 'debug' })
    await expect.poll(() => records.length, SOON).toBe(2)
    expect([reloader.config.level, reports()]).toEqual(['debug', 1])
  })

  it('is followed on if the document is malformed for a while', async () => {
    const { serves, records, rests } = await start()
    await replace(path, '{')
    await expect.poll(() => records.at(-1)?.outcome, SOON).toBe('rejected')
    await replace(key, 'key 2')
    await put({})
    await serves('key 2')
    await rests()
  })
})

it.each<[string, unknown]>([
  ['text', 'tls.key'],
  ['an empty path', ['']],
  ['a number', [5]],
  ['a remote URL', [new URL('https://example.org/key')]],
])('An option alsoWatch of %s is refused', (_title, alsoWatch) => {
  const make = () => createFileSource({ path: 'config.json', alsoWatch: alsoWatch as string[] })
  expect(make).toThrow('alsoWatch must be')
})
