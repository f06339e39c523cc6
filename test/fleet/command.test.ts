import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { call, type Ended, jsonOf, makeFolder, removeFolder } from '../cli/command.ts'
import { encodeInstance, type InstanceEntry } from '../../src/fleet/instance-entry.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { newDocument, type ServiceOptions, startMember } from './fleet-of.ts'

let server: EtcdServer
let folder: string

const config = `
import { z } from 'zod'
export default { schema: z.object({ n: z.number(), fails: z.array(z.string()).default([]) }) }
`

beforeAll(async () => {
  server = await startEtcd()
  folder = await makeFolder(config)
})
afterAll(async () => {
  await removeFolder(folder)
  await server.stop()
})

const until = <T>(assertion: () => T): Promise<Awaited<T>> =>
  vi.waitFor(assertion, { timeout: 25_000, interval: 30 }) as Promise<Awaited<T>>

/** A fleet of started members, and the command on its document. */
const startFleet = async (test: TestContext, names: readonly string[], options: ServiceOptions = {}) => {
  const document = newDocument(server)
  await document.put({ n: 1 })
  const members = await Promise.all(
    names.map((name) => startMember(test, server, document.key, name, { build: `build-${name}`, ...options })),
  )
  const run = (...argv: readonly string[]): Promise<Ended> => {
    const [name = '', ...rest] = argv
    return call([name, '--hosts', server.endpoint, '--key', document.key, ...rest], { cwd: folder })
  }
  let files = 0
  const publish = async (next: object, ...argv: readonly string[]): Promise<Ended> => {
    files += 1
    const file = `next${document.key.replaceAll('/', '-')}-${files}.json`
    await writeFile(join(folder, file), JSON.stringify(next))
    const { revision } = jsonOf(await run('get', '--json'))
    return run('publish', file, '--if-revision', String(revision), '--author', 'Ada', ...argv)
  }
  await until(async () => {
    const found = await document.instances()
    expect(found.filter(({ serving }) => serving !== undefined)).toHaveLength(names.length)
  })
  return { ...document, members, run, publish }
}

const codeOf = (ended: Ended): string => (jsonOf(ended).error as { readonly code: string }).code

describe.concurrent('The command status', () => {
  it('shows the instances, and nothing of the config', async (test) => {
    const { run } = await startFleet(test, ['a', 'b'])
    const { exit, out } = await run('status')
    expect(exit).toBe(0)
    expect(out).toContain('build-a')
    const shown = jsonOf(await run('status', '--json'))
    expect(shown.instances).toHaveLength(2)
    expect(JSON.stringify(shown)).not.toContain('"n"')
  })

  it('waits until all have proved a revision, and says who has refused it', async (test) => {
    const { run, publish } = await startFleet(test, ['a', 'b'])
    expect((await publish({ n: 2 }, '--wait', '--json')).exit).toBe(0)
    const refused = await publish({ n: 3, fails: ['b'] }, '--wait', '--json')
    expect(refused.exit).toBe(3)
    expect(codeOf(refused)).toBe('fleet.refused')
    expect(JSON.stringify(jsonOf(refused).error)).toContain('module.prepare-failed')
    const { revision } = jsonOf(await run('get', '--json'))
    expect((await run('status', '--wait', String(revision), '--for', '1')).exit).toBe(3)
  })

  it('ends with 3 if another revision takes over, and with 4 if it waits too long', async (test) => {
    const { run, publish, members } = await startFleet(test, ['a'])
    const { revision } = jsonOf(await run('get', '--json'))
    await members[0]?.freeze('for the test')
    const waited = await publish({ n: 2 }, '--wait', '--timeout', '1s', '--json')
    expect([waited.exit, codeOf(waited)]).toEqual([4, 'fleet.wait-timeout'])
    const overtaken = await run('status', '--wait', String(revision), '--json')
    expect([overtaken.exit, codeOf(overtaken)]).toEqual([3, 'fleet.superseded'])
  })
})

describe.concurrent('A document that requires a build', () => {
  it('is proved by the instances of that build, and held by the others', async (test) => {
    const { publish, members } = await startFleet(test, ['a', 'b'])
    const ended = await publish({ $requires: { builds: ['build-a'] }, n: 2 }, '--wait', '--json')
    expect(ended.exit).toBe(0)
    expect(members.map(({ config }) => config.n)).toEqual([2, 1])
  })
})

describe.concurrent('A preflight', () => {
  it('lets one instance of each build try the document, and publishes nothing if one refuses', async (test) => {
    const { publish, text, members } = await startFleet(test, ['a', 'b'])
    const refused = await publish({ n: 2, fails: ['b'] }, '--preflight', '--json')
    expect([refused.exit, codeOf(refused)]).toEqual([3, 'fleet.preflight-failed'])
    expect(JSON.stringify(jsonOf(refused).error)).toContain('build-b')
    expect(await text()).toBe('{"n":1}')
    const accepted = await publish({ n: 2 }, '--preflight', '--wait')
    expect([accepted.exit, accepted.out]).toEqual([
      0,
      expect.stringMatching(/Preflight: accepted by build build-\w \(\S+\), build build-\w \(\S+\)\.\n/),
    ])
    expect(members.map(({ config }) => config.n)).toEqual([2, 2])
  })
})

describe.concurrent('A command for instances', () => {
  it('is refused unless the service allows it', async (test) => {
    const { run, members } = await startFleet(test, ['a'])
    const ended = await run('freeze', '-m', 'no', '--author', 'Ada', '--json')
    expect([ended.exit, codeOf(ended)]).toEqual([3, 'fleet.disobeyed'])
    expect(JSON.stringify(jsonOf(ended).answers)).toContain('fleet.not-allowed')
    expect(members[0]?.status().frozen).toBeUndefined()
  })

  it('freezes and unfreezes all instances, or one', async (test) => {
    const { run, members, instances } = await startFleet(test, ['a', 'b'], { fleet: { commands: true } })
    expect((await run('freeze', '-m', 'migration', '--author', 'Ada')).exit).toBe(0)
    expect(members.map((member) => member.status().frozen)).toMatchObject([
      { reason: 'migration', by: 'Ada' },
      { reason: 'migration', by: 'Ada' },
    ])
    const [first] = await instances()
    expect((await run('unfreeze', '--instance', String(first?.id))).exit).toBe(0)
    expect(members.filter((member) => member.status().frozen === undefined)).toHaveLength(1)
    expect((await run('unfreeze')).exit).toBe(0)
    expect(members.every((member) => member.status().frozen === undefined)).toBe(true)
  })

  it('confirms a change, and has a quarantined one tried again', async (test) => {
    const { run, publish, members } = await startFleet(test, ['a'], {
      fleet: { commands: true },
      confirm: { withinMs: 60_000 },
    })
    await publish({ n: 2 })
    await until(() => expect(members[0]?.status().confirmation).toBeDefined())
    expect((await run('confirm')).exit).toBe(0)
    expect(members[0]?.status().state).toBe('committed')
    const nothing = await run('retry', '--json')
    expect(nothing.exit).toBe(3)
    expect(JSON.stringify(jsonOf(nothing).answers)).toContain('reloader.nothing-to-retry')
  })

  it('ends with 4 if an instance does not answer, and names it', async (test) => {
    const { key, run, instances } = await startFleet(test, ['a'], { fleet: { commands: true } })
    const [first] = await instances()
    const silent = encodeInstance({ ...(first as InstanceEntry), id: 'silent', session: 'other' })
    await server.admin(async (client) => client.put(`${key}@changeover/instances/silent`).value(silent))
    const ended = await run('freeze', '-m', 'migration', '--author', 'Ada', '--timeout', '1s', '--json')
    expect([ended.exit, codeOf(ended)]).toEqual([4, 'fleet.no-answer'])
    const { answers } = jsonOf(ended) as unknown as { answers: readonly object[] }
    expect(answers).toHaveLength(2)
    expect(answers).toContainEqual({ instance: 'silent', isDone: false, code: 'fleet.no-answer' })
  })

  it('is not answered by an instance that is gone', async (test) => {
    const { run } = await startFleet(test, ['a'])
    const ended = await run('freeze', '--instance', 'nobody', '--json')
    expect([ended.exit, codeOf(ended)]).toEqual([1, 'fleet.no-instances'])
  })
})
