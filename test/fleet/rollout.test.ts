import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { defaults, layers } from 'changeover/layers'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { call, type Ended, jsonOf, makeFolder, removeFolder } from '../cli/command.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { Config, newDocument, startMember } from './fleet-of.ts'

let server: EtcdServer
let folder: string

beforeAll(async () => {
  server = await startEtcd()
  folder = await makeFolder(`
import { z } from 'zod'
export default { schema: z.object({ n: z.number(), fails: z.array(z.string()).default([]) }) }
`)
})
afterAll(async () => {
  await removeFolder(folder)
  await server.stop()
})

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 25_000, interval: 30 })

/** A fleet of started members, and rollouts of its document. */
const startFleet = async (test: TestContext, names: readonly string[]) => {
  const document = newDocument(server)
  await document.put({ n: 1 })
  const members = await Promise.all(
    names.map((name) => startMember(test, server, document.key, name, { fleet: { ttlMs: 15_000 } })),
  )
  await until(async () => {
    const found = await document.instances()
    expect(found.filter(({ serving }) => serving !== undefined)).toHaveLength(names.length)
  })
  let files = 0
  const rollout = async (next: object, ...argv: readonly string[]): Promise<Ended> => {
    files += 1
    const file = `next${document.key.replaceAll('/', '-')}-${files}.json`
    await writeFile(join(folder, file), JSON.stringify(next))
    const at = ['--hosts', server.endpoint, '--key', document.key]
    const { revision } = jsonOf(await call(['get', ...at, '--json'], { cwd: folder }))
    const flags = ['--if-revision', String(revision), '--author', 'Ada', '--lease', '15s', '--json']
    return call(['rollout', file, ...at, ...flags, ...argv], { cwd: folder })
  }
  const abort = () =>
    call(['rollout', '--abort', '--hosts', server.endpoint, '--key', document.key, '--author', 'Bob', '--json'], {
      cwd: folder,
    })
  const status = () => call(['status', '--hosts', server.endpoint, '--key', document.key], { cwd: folder })
  const tries = () => members.filter((member) => member.status().state === 'trying').length
  return { ...document, members, rollout, abort, status, tries }
}

describe.concurrent('A rollout', () => {
  it('lets some instances try the candidate, then more, and publishes it without calling their modules again', async (test) => {
    const { members, rollout, text } = await startFleet(test, ['a', 'b', 'c', 'd'])
    const ended = await rollout({ n: 2 }, '--steps', '1,50%', '--hold', '500ms')
    expect(ended).toMatchObject({ exit: 0 })
    expect(await text()).toBe('{"n":2}')
    await until(() => expect(members.map(({ config }) => config.n)).toEqual([2, 2, 2, 2]))
    expect(members.map((member) => member.status().modules.picky?.opened)).toEqual([2, 2, 2, 2])
  })

  it('takes everything back if a canary refuses the candidate', async (test) => {
    const { members, rollout, text } = await startFleet(test, ['a', 'b', 'c'])
    const before = members.map((member) => member.modules.picky.current)
    const ended = await rollout({ n: 2, fails: ['c'] }, '--steps', '1,100%', '--hold', '200ms')
    expect(ended.exit).toBe(5)
    expect(jsonOf(ended).error).toMatchObject({ code: 'fleet.rollout-failed' })
    expect(JSON.stringify(jsonOf(ended).error)).toContain('module.prepare-failed')
    expect(await text()).toBe('{"n":1}')
    await until(() => expect(members.map((member) => member.status().state)).not.toContain('trying'))
    expect(members.map((member) => member.modules.picky.current)).toEqual(before)
    expect(members.map(({ config }) => config.n)).toEqual([1, 1, 1])
  })

  it('gives way to another document, and refuses a second driver', async (test) => {
    const { members, rollout, put } = await startFleet(test, ['a', 'b'])
    const first = rollout({ n: 2 }, '--steps', '1', '--hold', '20s')
    await until(() => expect(members.filter((member) => member.status().state === 'trying')).toHaveLength(1))
    const second = await rollout({ n: 3 }, '--steps', '1')
    expect([second.exit, jsonOf(second).error]).toMatchObject([3, { code: 'fleet.rollout-running' }])
    await put({ n: 4 })
    const ended = await first
    expect([ended.exit, jsonOf(ended).error]).toMatchObject([3, { code: 'fleet.superseded' }])
    await until(() => expect(members.map(({ config }) => config.n)).toEqual([4, 4]))
  })

  it('is aborted by an operator from anywhere, and there may be nothing to abort', async (test) => {
    const { members, rollout, abort, status, tries, text } = await startFleet(test, ['a', 'b'])
    expect(await abort()).toMatchObject({ exit: 0 })
    const before = members.map((member) => member.modules.picky.current)
    const running = rollout({ n: 2 }, '--steps', '1', '--hold', '20s')
    await until(() => expect(tries()).toBe(1))
    await until(async () => {
      const shown = await status()
      expect(shown.out).toContain('A rollout of Ada runs, with 1 canary.')
      expect(shown.out).toMatch(/ trying .* has proved a candidate/)
    })
    expect(jsonOf(await abort()).aborted).toHaveLength(1)
    const ended = await running
    expect([ended.exit, jsonOf(ended).error]).toMatchObject([5, { code: 'fleet.rollout-aborted' }])
    await until(() => expect(tries()).toBe(0))
    expect(members.map((member) => member.modules.picky.current)).toEqual(before)
    expect(await text()).toBe('{"n":1}')
    const again = await rollout({ n: 2 }, '--steps', '1', '--hold', '100ms')
    expect(again.exit).toBe(0)
    expect(jsonOf(await abort()).aborted).toEqual([])
    await until(() => expect(members.map(({ config }) => config.n)).toEqual([2, 2]))
  })

  it('asks a command after each step, and is over if that says no', async (test) => {
    const { members, rollout, text, tries } = await startFleet(test, ['a', 'b'])
    const closed = await rollout({ n: 2 }, '--steps', '1', '--hold', '100ms', '--gate', 'echo no >&2; exit 3')
    expect([closed.exit, jsonOf(closed).error]).toMatchObject([5, { code: 'fleet.gate-closed' }])
    expect(closed.err).toContain('no')
    await until(() => expect(tries()).toBe(0))
    expect(await text()).toBe('{"n":1}')
    const open = await rollout({ n: 2 }, '--steps', '1', '--hold', '100ms', '--gate', 'sleep 2.5')
    expect(open.exit).toBe(0)
    await until(() => expect(members.map(({ config }) => config.n)).toEqual([2, 2]))
  })

  it('takes instances with a label, and those of the builds that the document requires', async (test) => {
    const { members, rollout } = await startFleet(test, ['a', 'b', 'c'])
    const nobody = await rollout({ n: 2 }, '--steps', '1', '--label', 'zone=z')
    expect([nobody.exit, jsonOf(nobody).error]).toMatchObject([1, { code: 'fleet.no-instances' }])
    const foreign = await rollout({ $requires: { builds: ['other'] }, n: 2 }, '--steps', '1')
    expect(jsonOf(foreign).error).toMatchObject({ code: 'fleet.no-instances' })
    expect(members.map((member) => member.status().modules.picky?.opened)).toEqual([1, 1, 1])
  })

  it.for([
    {
      made: 'of layers',
      code: 'fleet.layers',
      sourceOf: (key: string) =>
        layers([
          defaults({ fails: [] }),
          etcdSource({ hosts: server.endpoint, key, fleet: fleet({ service: 'layered' }) }),
        ]),
    },
    {
      made: 'of the keys below a prefix',
      code: 'fleet.prefix',
      sourceOf: (key: string) =>
        etcdSource({ hosts: server.endpoint, prefix: `${key}/`, values: 'json', fleet: fleet({ service: 'split' }) }),
    },
  ])('is refused, as a preflight is, by an instance whose config is made $made', async ({ code, sourceOf }, test) => {
    const { key, put, instances } = newDocument(server)
    await put({ n: 1 })
    await server.admin(async (client) => client.put(`${key}/n`).value('1'))
    const source = sourceOf(key)
    const reloader = createReloader({ source, schema: Config })
    test.onTestFinished(() => reloader.close())
    await reloader.start()
    await until(async () => expect((await instances())[0]?.serving).toBeDefined())
    await writeFile(join(folder, 'layered.json'), '{"n":2}')
    const { revision } = jsonOf(
      await call(['get', '--hosts', server.endpoint, '--key', key, '--json'], { cwd: folder }),
    )
    const at = ['layered.json', '--hosts', server.endpoint, '--key', key, '--if-revision', String(revision)]
    const rollout = ['rollout', ...at, '--author', 'Ada', '--lease', '15s', '--steps', '1', '--json']
    const preflight = ['publish', ...at, '--author', 'Ada', '--preflight', '--json']
    for (const [argv, exit] of [
      [rollout, 5],
      [preflight, 3],
    ] as const) {
      const ended = await call(argv, { cwd: folder })
      expect(ended.exit).toBe(exit)
      expect(JSON.stringify(jsonOf(ended).error)).toContain(code)
    }
    expect(reloader.config.n).toBe(1)
  })

  it.each([
    ['--steps', '0'],
    ['--steps', '1,many'],
    ['--steps', '101%'],
    ['--max-failures', '-1'],
    ['--hold', 'soon'],
    ['--label', 'zone'],
  ])('takes no %s %s', async (...flags) => {
    await writeFile(join(folder, 'any.json'), '{"n":2}')
    const at = ['--hosts', server.endpoint, '--key', '/none', '--author', 'Ada']
    expect((await call(['rollout', 'any.json', ...at, ...flags], { cwd: folder })).exit).toBe(1)
  })
})
