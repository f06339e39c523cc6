import { setTimeout as sleep } from 'node:timers/promises'
import type { SourceState } from 'changeover'
import type { EtcdDeadlines, EtcdSourceOptions } from 'changeover/etcd'
import type { Etcd3 } from 'etcd3'
import { expect, type TestContext, vi } from 'vitest'
import { startEtcd, type EtcdServer, type EtcdServerOptions } from '../../support/etcd-server.ts'
import { createService, type Service, type ServiceOptions } from '../../support/etcd-service.ts'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

/** The same tests with the durations of real outages: CHANGEOVER_LONG=1. */
const isLong = process.env.CHANGEOVER_LONG === '1'

/** How long a fault lasts, in milliseconds; or how many there are of something. */
export const lasting = (short: number, long: number): number => (isLong ? long : short)

/** For waits on a condition; nothing takes this long unless it is broken. */
const SOON = { timeout: isLong ? 60_000 : 25_000, interval: 20 }
vi.setConfig({ testTimeout: isLong ? 300_000 : 90_000 })

/** For tests of a peer that says nothing, which take the sum of these; the long ones take the defaults. */
export const hasty: EtcdDeadlines = isLong ? {} : { callMs: 1_500, openMs: 1_500, silenceMs: 400, answerMs: 1_500 }

/** Waits a fault's duration; nothing is asserted of it. */
export const pass = (ms: number): Promise<void> => sleep(ms)

/** Until `assertion` no longer throws. */
export const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, SOON)

export interface Scene extends Service {
  /** Waits until this number serves. */
  readonly serves: (n: number) => Promise<unknown>
  /** Waits until the source is in this state. */
  readonly comesTo: (state: SourceState) => Promise<unknown>
  /** Waits until `status` names this cause. */
  readonly names: (code: string) => Promise<unknown>
  /** How many more reads than two a second the test's own doings explain. Default 20. */
  allowedReads: number
}

/**
 * A service that begins at once. When the test ends it is closed, and then what must hold in every test is looked at:
 * revisions rose, reads were few, every generation was closed, nothing went unhandled.
 */
export const begin = (test: TestContext, from: EtcdSourceOptions, options: ServiceOptions = {}): Scene => {
  const service = createService(from, options)
  const source = () => service.reloader.status().source
  const scene: Scene = {
    ...service,
    allowedReads: 20,
    serves: (n) => until(() => expect(service.serving()).toBe(n)),
    comesTo: (state) => until(() => expect(source().state).toBe(state)),
    names: (code) => until(() => expect(source().lastError?.code).toBe(code)),
  }
  test.onTestFinished(async () => {
    expect(await service.end(scene.allowedReads)).toEqual([])
  })
  service.start()
  return scene
}

/** A server that ends with the test. */
export const useServer = async (test: TestContext, options: EtcdServerOptions = {}): Promise<EtcdServer> => {
  const server = await startEtcd(options)
  test.onTestFinished(() => server.stop())
  return server
}

/** A proxy that ends with the test, and its address. */
export const useProxy = async (test: TestContext, port: number): Promise<TcpProxy & { readonly host: string }> => {
  const proxy = await startProxy(port)
  test.onTestFinished(() => proxy.close())
  return { ...proxy, host: `http://127.0.0.1:${proxy.port}` }
}

/** Refuses and cuts, as a server does that is gone. */
export const disconnect = async (proxy: TcpProxy): Promise<void> => {
  await proxy.refuse()
  proxy.cut()
}

interface Administered {
  readonly admin: <Value>(work: (client: Etcd3) => Promise<Value>) => Promise<Value>
}

let keys = 0

/** A key of this test alone, and what can be done to it straight at the server. */
export const newKey = (server: Administered) => {
  const key = `/test/${++keys}/config`
  const textOf = (n: number, bytes = 0): string => JSON.stringify(bytes === 0 ? { n } : { n, pad: 'x'.repeat(bytes) })
  const put = (n: number, bytes = 0): Promise<number> =>
    server.admin(async (client) => Number((await client.put(key).value(textOf(n, bytes))).header.revision))
  return {
    key,
    /** The revision at which the document with this number was written. */
    put,
    /** Many, quickly, one after the other: `from` up to `to`. */
    putAll: (from: number, to: number): Promise<void> =>
      server.admin(async (client) => {
        const batch = 100
        for (let n = from; n <= to; n += batch) {
          const numbers = Array.from({ length: Math.min(batch, to - n + 1) }, (_, at) => n + at)
          // On one connection etcd takes them in the order sent, but does not promise it: the last goes alone.
          await Promise.all(numbers.filter((one) => one !== to).map((one) => client.put(key).value(textOf(one))))
        }
        await client.put(key).value(textOf(to))
      }),
    remove: (): Promise<unknown> => server.admin(async (client) => client.delete().key(key)),
    compact: (revision: number): Promise<unknown> =>
      server.admin(async (client) => client.kv.compact({ revision: String(revision), physical: true })),
  }
}
