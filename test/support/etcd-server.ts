import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Etcd3, type IOptions } from 'etcd3'
import { findEtcd } from './etcd-binary.ts'
import { freePorts, createEtcdProcess } from './etcd-process.ts'

export { freePorts } from './etcd-process.ts'

export interface EtcdServerOptions {
  /**
   * `true`: TLS with a certificate that etcd makes for itself, and that `certificate()` returns. Otherwise the files of a
   * certificate and its key and, if clients must present a certificate, of their authority.
   */
  readonly tls?: boolean | { readonly cert: string; readonly key: string; readonly clientAuthority?: string }
  /** Additional flags for etcd. */
  readonly flags?: readonly string[]
}

/** One real etcd node on 127.0.0.1. */
export interface EtcdServer {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string
  readonly port: number
  readonly pid: () => number
  /** Sends SIGKILL. The data stays. */
  readonly kill: () => Promise<void>
  /** Kills it if it runs, starts it with the same ports and data, and waits until it is healthy. */
  readonly restart: () => Promise<void>
  /** Sends SIGSTOP. */
  readonly pause: () => void
  /** Sends SIGCONT. */
  readonly resume: () => void
  /** Kills it, removes its data and starts it again: a new store behind the old address. */
  readonly wipe: () => Promise<void>
  /** Runs `work` with a client of its own, connected directly to the server, and without TLS. */
  readonly admin: <Value>(work: (client: Etcd3) => Promise<Value>, options?: Partial<IOptions>) => Promise<Value>
  /** The certificate of a server with `tls: true`, which is its own authority. */
  readonly certificate: () => Promise<Buffer>
  /** Kills it and removes its data. */
  readonly stop: () => Promise<void>
}

const tlsFlags = (tls: EtcdServerOptions['tls']): readonly string[] => {
  if (tls === true) return ['--auto-tls']
  if (tls === undefined || tls === false) return []
  const { cert, key, clientAuthority } = tls
  const client = clientAuthority === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', clientAuthority]
  return ['--cert-file', cert, '--key-file', key, ...client]
}

/** Starts a single node and waits until it is healthy. */
export const startEtcd = async (options: EtcdServerOptions = {}): Promise<EtcdServer> => {
  for (let left = 3; ; left--) {
    try {
      return await startOn(await freePorts(4), options)
    } catch (error) {
      // Another process may have taken a port meanwhile.
      if (left === 0 || !String(error).includes('address already in use')) throw error
    }
  }
}

const startOn = async (
  [port = 0, peerPort = 0, metricsPort = 0, plainPort = 0]: readonly number[],
  { tls = false, flags = [] }: EtcdServerOptions,
): Promise<EtcdServer> => {
  const binary = await findEtcd()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-etcd-'))
  const data = join(folder, 'data')
  const endpoint = `${tls === false ? 'http' : 'https'}://127.0.0.1:${port}`
  const peer = `http://127.0.0.1:${peerPort}`
  // Without TLS, since the server may require certificates, and etcd3 cannot connect to an IP address on every Node.
  const plain = tls === false ? endpoint : `http://127.0.0.1:${plainPort}`
  const listening = tls === false ? endpoint : `${endpoint},${plain}`
  const health = `http://127.0.0.1:${metricsPort}`
  const process = createEtcdProcess({
    binary,
    health,
    flags: [
      ...['--name', 'single', '--data-dir', data, '--initial-cluster', `single=${peer}`],
      ...['--listen-client-urls', listening, '--advertise-client-urls', endpoint, '--listen-metrics-urls', health],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...tlsFlags(tls),
      ...flags,
    ],
  })
  const { pid, kill, pause, resume } = process
  const restart = async (): Promise<void> => {
    await process.launch()
    await process.untilHealthy()
  }
  const certificate = (): Promise<Buffer> => readFile(join(data, 'fixtures', 'client', 'cert.pem'))
  await restart().catch(async (error: unknown) => {
    await kill()
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  return {
    endpoint,
    port,
    pid,
    kill,
    restart,
    pause,
    resume,
    wipe: async () => {
      await kill()
      await rm(data, { recursive: true, force: true })
      await restart()
    },
    admin: async (work, options = {}) => {
      const client = new Etcd3({ hosts: plain, ...options })
      return work(client).finally(() => client.close())
    },
    certificate,
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
