import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Applier, createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { z } from 'zod'
import { decodeInstance } from '../../src/fleet/instance-entry.ts'
import { call, makeFolder, removeFolder } from '../cli/command.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'

const KEY = '/app/config'
const INSTANCES = 5

const Config = z.object({ db: z.object({ max: z.int() }) })

/** How many instances have opened this many connections: the database has room for no more. */
const opened = new Map<number, number>()

const pool: Applier<{ readonly max: number }, object> = {
  prepare: ({ max }) => {
    const count = (opened.get(max) ?? 0) + 1
    opened.set(max, count)
    if (max > 10 && count > 2) throw new Error('too many connections')
    return { instance: { max } }
  },
}

const startInstance = async ({ endpoint }: EtcdServer) => {
  const source = etcdSource({ hosts: endpoint, key: KEY, fleet: fleet({ service: 'shop', ttlMs: 4_000 }) })
  const soak = { durationMs: 100, intervalMs: 100, failureThreshold: 1 }
  const reloader = createReloader({ source, schema: Config, soak }).use('db', ({ db }) => db, pool)
  await reloader.start()
  return reloader
}

/** Plays the rollout of the guide, which fails at its second step, on a real etcd. Returns what a terminal would show. */
export const playRollout = async (): Promise<string> => {
  const server = await startEtcd()
  const folder = await makeFolder(`import { z } from 'zod'
export default {
  source: { hosts: '${server.endpoint}', key: '${KEY}' },
  schema: z.object({ db: z.object({ max: z.int() }) }),
  public: ['db'],
}
`)
  opened.clear()
  try {
    await server.admin(async (client) => client.put(KEY).value('{"db":{"max":10}}'))
    const instances = await Promise.all(Array.from({ length: INSTANCES }, () => startInstance(server)))
    await untilAllServe(server)
    await writeFile(join(folder, 'next.json'), '{"db":{"max":40}}')
    const { out: got } = await call(['get', '--json'], { cwd: folder })
    const { revision } = JSON.parse(got) as { readonly revision: string }
    const flags = ['--steps', '1,60%', '--hold', '1s', '--if-revision', revision]
    const { exit, out, err } = await call(['rollout', 'next.json', ...flags, '--author', 'Ada'], { cwd: folder })
    const { out: after } = await call(['get'], { cwd: folder })
    for (const instance of instances) await instance.close()
    const typed = `changeover rollout next.json ${flags.join(' ')}`
    return masked(
      `$ ${typed}\n${out}${err}(exit code ${exit})\n\n$ changeover get\n${after}`,
      server.endpoint,
      revision,
    )
  } finally {
    await removeFolder(folder)
    await server.stop()
  }
}

const untilAllServe = async (server: EtcdServer): Promise<void> => {
  for (;;) {
    const found = await server.admin(async (client) => client.getAll().prefix(`${KEY}@changeover/instances/`).strings())
    const serving = Object.values(found).filter((text) => decodeInstance(text)?.serving !== undefined)
    if (serving.length === INSTANCES) return
    await sleep(100)
  }
}

/** Replaces what differs each time. */
const masked = (text: string, endpoint: string, revision: string): string =>
  text
    .replaceAll(endpoint, 'http://127.0.0.1:2379')
    .replaceAll(/[^\s(]+(?= has refused)/g, 'web-3-7-mh3')
    .replaceAll(`revision ${revision}`, 'revision 1742')
