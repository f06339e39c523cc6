import type { SourceState } from 'changeover'
import type { EtcdDeadlines, EtcdSourceOptions } from 'changeover/etcd'
import type { Etcd3 } from 'etcd3'
import { expect, type TestContext, vi } from 'vitest'
import { startEtcd, type EtcdServer, type EtcdServerOptions } from '../../support/etcd-server.ts'
import { createService, type Service, type ServiceOptions } from '../../support/etcd-service.ts'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

export { setTimeout as sleep } from 'node:timers/promises'

/** With CHANGEOVER_LONG=1, the same tests take as long as real outages. */
const isLong = process.env.CHANGEOVER_LONG === '1'

/** The duration of a fault in milliseconds, or the number of its repetitions. */
export const shortOrLong = (short: number, long: number): number => (isLong ? long : short)

/** For waits on a condition. Nothing takes this long unless it is broken. */
const SOON = { timeout: isLong ? 60_000 : 25_000, interval: 20 }

/** For tests of a silent peer, which take the sum of these. The long tests use the defaults. */
export const shortDeadlines: EtcdDeadlines = isLong
  ? {}
  : { callMs: 1_500, openMs: 1_500, silenceMs: 400, answerMs: 1_500 }

/** Waits until `assertion` no longer throws. */
export const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, SOON)

export interface RunningService extends Service {
  /** Waits until this number serves. */
  readonly serves: (n: number) => Promise<unknown>
  /** Waits until the source is in this state. */
  readonly reaches: (state: SourceState) => Promise<unknown>
  /** Waits until `status` shows this code as the source's last error. */
  readonly showsError: (code: string) => Promise<unknown>
  /** How many reads the test explains, beyond two per second. Default 20. */
  allowedReads: number
}

/**
 * Starts a service. It is closed at the end of the test, which then checks what must always hold: revisions rose, reads
 * were few, every generation was closed, and there was no unhandled error.
 */
export const startService = (
  test: TestContext,
  from: EtcdSourceOptions,
  options: ServiceOptions = {},
): RunningService => {
  const service = createService(from, options)
  const status = () => service.reloader.status().source
  const running: RunningService = {
    ...service,
    allowedReads: 20,
    serves: (n) => until(() => expect(service.serving()).toBe(n)),
    reaches: (state) => until(() => expect(status().state).toBe(state)),
    showsError: (code) => until(() => expect(status().lastError?.code).toBe(code)),
  }
  test.onTestFinished(async () => {
    expect(await service.end(running.allowedReads)).toEqual([])
  })
  service.start()
  return running
}

/** Starts a server that is stopped at the end of the test. */
export const useServer = async (test: TestContext, options: EtcdServerOptions = {}): Promise<EtcdServer> => {
  const server = await startEtcd(options)
  test.onTestFinished(() => server.stop())
  return server
}

/** Starts a proxy that is closed at the end of the test. */
export const useProxy = async (test: TestContext, port: number): Promise<TcpProxy & { readonly host: string }> => {
  const proxy = await startProxy(port)
  test.onTestFinished(() => proxy.close())
  return { ...proxy, host: `http://127.0.0.1:${proxy.port}` }
}

/** Refuses and cuts connections, as if the server were gone. */
export const disconnect = async (proxy: TcpProxy): Promise<void> => {
  await proxy.refuse()
  proxy.cut()
}

interface Administered {
  readonly admin: <Value>(work: (client: Etcd3) => Promise<Value>) => Promise<Value>
}

let keys = 0

/** A key that only this test uses, and functions that change it directly on the server. */
export const newKey = (server: Administered) => {
  const key = `/test/${++keys}/config`
  const textOf = (n: number, bytes = 0): string => JSON.stringify(bytes === 0 ? { n } : { n, pad: 'x'.repeat(bytes) })
  return {
    key,
    /** Writes the document with this number, and returns its revision. */
    put: (n: number, bytes = 0): Promise<number> =>
      server.admin(async (client) => Number((await client.put(key).value(textOf(n, bytes))).header.revision)),
    /** Writes the documents `from` to `to` in quick succession. */
    putAll: (from: number, to: number): Promise<void> =>
      server.admin(async (client) => {
        const batch = 100
        for (let n = from; n <= to; n += batch) {
          const numbers = Array.from({ length: Math.min(batch, to - n + 1) }, (_, at) => n + at)
          // etcd does not promise to keep the order of concurrent puts, so the last one is written alone.
          await Promise.all(numbers.filter((one) => one !== to).map((one) => client.put(key).value(textOf(one))))
        }
        await client.put(key).value(textOf(to))
      }),
    remove: (): Promise<unknown> => server.admin(async (client) => client.delete().key(key)),
    compact: (revision: number): Promise<unknown> =>
      server.admin(async (client) => client.kv.compact({ revision: String(revision), physical: true })),
  }
}
