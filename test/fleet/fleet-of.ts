import { type Applier, createReloader } from 'changeover'
import { etcdSource, type EtcdSourceOptions } from 'changeover/etcd'
import { type Fleet, fleet, type FleetOptions } from 'changeover/fleet'
import type { TestContext } from 'vitest'
import { z } from 'zod'
import { decodeInstance, type InstanceEntry } from '../../src/fleet/instance-entry.ts'
import type { EtcdServer } from '../support/etcd-server.ts'

export const Config = z.object({ n: z.number(), fails: z.array(z.string()).default([]) })
export type Config = z.infer<typeof Config>

export type ServiceOptions = Partial<Parameters<typeof createReloader<Config>>[0]> & {
  readonly fleet?: FleetOptions
  readonly etcd?: Partial<EtcdSourceOptions>
}

let keys = 0

/** A key of its own, and what the test does with it. */
export const newDocument = (server: EtcdServer) => {
  keys += 1
  const key = `/fleet/${process.pid}/${keys}`
  return {
    key,
    put: (config: object) =>
      server.admin(async (client) => (await client.put(key).value(JSON.stringify(config))).header.revision),
    text: () => server.admin(async (client) => client.get(key)),
    instances: (): Promise<readonly InstanceEntry[]> =>
      server.admin(async (client) => {
        const found = await client.getAll().prefix(`${key}@changeover/instances/`).strings()
        return Object.values(found).flatMap((text) => decodeInstance(text) ?? [])
      }),
  }
}

/** A module that refuses a document which names it. */
const picky = (name: string): Applier<Config, number> => ({
  prepare: ({ n, fails }) => {
    if (fails.includes(name)) throw new Error('not today')
    return { instance: n }
  },
})

/** A started member of a fleet, which is closed at the end of the test. */
export const startMember = async (
  test: TestContext,
  server: Pick<EtcdServer, 'endpoint'>,
  key: string,
  name: string,
  { fleet: fleetOptions, etcd, ...options }: ServiceOptions = {},
) => {
  const membership: Fleet = fleet({ service: name, ttlMs: 2_000, ...fleetOptions })
  const source = etcdSource({
    hosts: server.endpoint,
    key,
    ...etcd,
    fleet: membership,
  } as EtcdSourceOptions)
  const reloader = createReloader({ source, schema: Config, ...options }).use(
    'picky',
    (config) => config as Config,
    picky(name),
  )
  test.onTestFinished(() => reloader.close())
  await reloader.start()
  return reloader
}
