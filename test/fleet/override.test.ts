import { createReloader } from 'changeover'
import { etcdOverrides, etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { layers } from 'changeover/layers'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { z } from 'zod'
import { call, type Ended, jsonOf, makeFolder, removeFolder } from '../cli/command.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { newDocument } from './fleet-of.ts'

let server: EtcdServer
let folder: string

beforeAll(async () => {
  server = await startEtcd()
  folder = await makeFolder(`
import { z } from 'zod'
export default { schema: z.object({ log: z.object({ level: z.enum(['info', 'debug']) }), max: z.number() }) }
`)
})
afterAll(async () => {
  await removeFolder(folder)
  await server.stop()
})

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 25_000, interval: 30 })

const Config = z.object({ log: z.object({ level: z.string() }), max: z.number() })

const startService = async (test: TestContext) => {
  const { key, put, instances } = newDocument(server)
  await put({ log: { level: 'info' }, max: 1 })
  const etcd = { hosts: server.endpoint, key }
  const source = layers([etcdSource({ ...etcd, fleet: fleet({ service: 'shop' }) }), etcdOverrides(etcd)])
  const reloader = createReloader({ source, schema: Config, public: ['log'] })
  test.onTestFinished(() => reloader.close())
  await reloader.start()
  const run = (...argv: readonly string[]): Promise<Ended> => {
    const [name = '', ...rest] = argv
    return call([name, '--hosts', server.endpoint, '--key', key, '--author', 'Ada', ...rest], { cwd: folder })
  }
  const read = (...argv: readonly string[]): Promise<Ended> => {
    const [name = '', ...rest] = argv
    return call([name, '--hosts', server.endpoint, '--key', key, ...rest], { cwd: folder })
  }
  return { key, put, instances, reloader, run, read }
}

describe.concurrent('An override', () => {
  it('lies above the document, says so, and ends by itself', async (test) => {
    const { reloader, run, read } = await startService(test)
    const made = await run('override', 'log.level=debug', '--for', '3s', '-m', 'find the leak')
    expect(made).toMatchObject({ exit: 0, err: '' })
    await until(() => expect(reloader.config.log.level).toBe('debug'))
    const [winner, below] = reloader.explain('log.level').origins
    expect(winner).toMatchObject({ kind: 'override', value: 'debug' })
    expect(winner?.at).toMatch(/^by Ada, until 20/)
    expect(below).toMatchObject({ kind: 'etcd', isHidden: true })
    const { overrides } = jsonOf(await read('status', '--json'))
    expect(overrides).toMatchObject([{ path: ['log', 'level'], by: 'Ada', reason: 'find the leak' }])
    expect(JSON.stringify(overrides)).not.toContain('debug')
    await until(() => expect(reloader.config.log.level).toBe('info'))
    expect(reloader.explain('log.level').origins).toHaveLength(1)
  })

  it('ends when an operator ends it', async (test) => {
    const { reloader, run, read } = await startService(test)
    await run('override', 'max=7')
    await run('override', 'max=8')
    await until(() => expect(reloader.config.max).toBe(8))
    const ended = await run('override', 'max', '--end')
    expect([ended.exit, ended.out]).toEqual([0, 'max is not overridden any more.\n'])
    const none = await run('override', 'max', '--end')
    expect([none.exit, none.out]).toEqual([0, 'Nothing to do: the path is not overridden.\n'])
    await until(() => expect(reloader.config.max).toBe(1))
    expect(jsonOf(await read('status', '--json')).overrides).toEqual([])
  })

  it('lasts as long as it says from now on, ten minutes if it does not', async (test) => {
    const { run } = await startService(test)
    for (const [flags, ms] of [
      [[], 600_000],
      [['--for', '2h'], 7_200_000],
    ] as const) {
      const before = Date.now()
      const { until } = jsonOf(await run('override', 'max=7', ...flags, '--json'))
      expect(Date.parse(String(until))).toBeGreaterThanOrEqual(before + ms)
      expect(Date.parse(String(until))).toBeLessThanOrEqual(Date.now() + ms)
    }
  })

  it('takes its value from the standard input', async (test) => {
    const { key, reloader } = await startService(test)
    const argv = ['override', 'log.level=-', '--hosts', server.endpoint, '--key', key, '--author', 'Ada']
    expect(await call(argv, { cwd: folder, input: 'debug\n' })).toMatchObject({ exit: 0, err: '' })
    await until(() => expect(reloader.config.log.level).toBe('debug'))
  })

  it('is refused if the document were not valid with it', async (test) => {
    const { run, read } = await startService(test)
    expect((await run('override', 'log.level=loud')).exit).toBe(3)
    expect((await run('override', 'max=many')).exit).toBe(3)
    expect((await run('override', 'max')).exit).toBe(1)
    expect((await run('override', 'max=2', '--for', '25h')).exit).toBe(1)
    expect(jsonOf(await read('status', '--json')).overrides).toEqual([])
  })

  it('is named by a publish whose change it hides', async (test) => {
    const { key, reloader, run, read } = await startService(test)
    await run('override', 'max=7')
    const file = `next${key.replaceAll('/', '-')}.json`
    await writeFile(join(folder, file), '{"log":{"level":"debug"},"max":2}')
    const { revision } = jsonOf(await read('get', '--json'))
    const published = await run('publish', file, '--if-revision', String(revision))
    expect(published.exit).toBe(0)
    expect(published.err).toMatch(/max changes, and stays hidden by an override of Ada until 20/)
    await until(() => expect(reloader.config).toEqual({ log: { level: 'debug' }, max: 7 }))
  })

  it('leaves the revision of the document known to the fleet', async (test) => {
    const { instances, put, run } = await startService(test)
    const revision = await put({ log: { level: 'info' }, max: 3 })
    await run('override', 'max=7')
    await until(async () => expect((await instances())[0]?.serving?.document).toBe(revision))
  })
})
