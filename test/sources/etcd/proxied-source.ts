import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource, type EtcdDeadlines } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { never, SOON, textOf, type Followed } from '../follow.ts'

/** Short enough for a test, long enough for a busy machine. */
export const deadlines: EtcdDeadlines = { callMs: 3_000, openMs: 3_000, silenceMs: 500, answerMs: 3_000 }

/** One server for all tests of a file, with a proxy, a key and a source of its own for each test. */
export class ProxiedSource {
  key = ''
  #keys = 0
  #server: EtcdServer | undefined
  #proxy: TcpProxy | undefined
  #source: Source | undefined

  get server(): EtcdServer {
    return present(this.#server)
  }

  get proxy(): TcpProxy {
    return present(this.#proxy)
  }

  get source(): Source {
    return present(this.#source)
  }

  /** The address of the server behind the proxy. */
  get host(): string {
    return `http://127.0.0.1:${this.proxy.port}`
  }

  readonly put = (text: string): Promise<string> =>
    this.server.admin(async (client) => (await client.put(this.key).value(text)).header.revision)

  /** Waits until the source reads `text`. */
  reads(text: string): Promise<void> {
    return vi.waitFor(async () => expect(textOf(await this.source.read(never).catch(() => undefined))).toBe(text), SOON)
  }

  /**
   * Sends two changes through an open watch. After that etcd has also answered the progress request with which every
   * watch begins; before that, only gRPC's slower keepalive would notice a silent server.
   */
  async warmUp(watched: Followed): Promise<void> {
    for (const text of ['{"beat":1}', '{"beat":2}']) {
      await this.put(text)
      await vi.waitFor(() => expect(watched.texts().at(-1)).toBe(text), SOON)
    }
  }

  async startServer(): Promise<void> {
    this.#server = await startEtcd()
  }

  async open(): Promise<void> {
    this.#proxy = await startProxy(this.server.port)
    this.key = `/proxied/${++this.#keys}`
    this.#source = etcdSource({ hosts: this.host, key: this.key, deadlines })
    await this.put('{"n":1}')
  }

  async close(): Promise<void> {
    await this.source.close?.()
    await this.proxy.close()
  }
}

const present = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('the test has not begun')
  return value
}

/** Sets up a proxied source, whose document is `{"n":1}`, for each test of the file. */
export const useProxiedSource = (): ProxiedSource => {
  const proxied = new ProxiedSource()
  beforeAll(() => proxied.startServer())
  afterAll(() => proxied.server.stop())
  beforeEach(() => proxied.open())
  afterEach(() => proxied.close())
  return proxied
}
