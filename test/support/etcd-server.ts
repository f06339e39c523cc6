import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Etcd3, type IOptions } from 'etcd3'
import { findEtcd } from './etcd-binary.ts'

export interface EtcdServerOptions {
  /** TLS with a certificate that etcd makes for itself; `certificate()` gives it. */
  readonly tls?: boolean
  /** More flags for etcd. */
  readonly flags?: readonly string[]
}

/** One real etcd node of the test's own, on 127.0.0.1. */
export interface EtcdServer {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string
  readonly port: number
  readonly pid: () => number
  /** SIGKILL; the data stays. */
  readonly kill: () => Promise<void>
  /** Kills it if it runs, starts it on the same ports and data, and waits until it is healthy. */
  readonly restart: () => Promise<void>
  /** SIGSTOP and SIGCONT. */
  readonly pause: () => void
  readonly resume: () => void
  /** Kills it, removes its data and starts it again: a new store behind the old address. */
  readonly wipe: () => Promise<void>
  /** Runs `work` with a client of its own, straight to the server. */
  readonly admin: <Value>(work: (client: Etcd3) => Promise<Value>, options?: Partial<IOptions>) => Promise<Value>
  /** The certificate of a server with `tls`, which is its own authority. */
  readonly certificate: () => Promise<Buffer>
  /** Kills it and removes its data. */
  readonly stop: () => Promise<void>
}

const HEALTHY_WITHIN_MS = 30_000

/** Free ports, all of them held at once so that they differ. etcd's peer port matters too: it answers clients. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

// The shell keeps etcd from outliving the tests: it kills it as soon as the pipe from here closes, however that comes.
const keeper = `"$0" "$@" >/dev/null & pid=$!; exec 2>/dev/null; echo $pid; exec >/dev/null; read _; kill -9 $pid; wait`

interface Running {
  readonly shell: ChildProcess
  readonly pid: number
  readonly log: string[]
  /** Set once etcd has ended by itself. */
  hasEnded: boolean
}

const launch = async (binary: string, flags: readonly string[]): Promise<Running> => {
  const shell = spawn('/bin/sh', ['-c', keeper, binary, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
  const log: string[] = []
  const [line] = await once(createInterface({ input: shell.stdout }), 'line')
  const running: Running = { shell, pid: Number(line), log, hasEnded: false }
  createInterface({ input: shell.stderr })
    .on('line', (text) => log.push(text) > 200 && log.shift())
    .on('close', () => {
      running.hasEnded = true
    })
  return running
}

const end = async ({ shell }: Running): Promise<void> => {
  if (shell.exitCode !== null) return
  const gone = once(shell, 'exit')
  shell.stdin?.end('\n')
  await gone
}

const isHealthy = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { timeout: 1_000, agent: false as const }
    const onAnswer = (answer: NodeJS.ReadableStream): void => {
      answer.on('data', (chunk) => resolve(String(chunk).includes('true'))).on('end', () => resolve(false))
    }
    const request = endpoint.startsWith('https')
      ? httpsGet(`${endpoint}/health`, { ...options, rejectUnauthorized: false }, onAnswer)
      : httpGet(`${endpoint}/health`, options, onAnswer)
    request.on('error', () => resolve(false)).on('timeout', () => request.destroy())
  })

const untilHealthy = async (running: Running, endpoint: string): Promise<boolean> => {
  for (let waited = 0; waited < HEALTHY_WITHIN_MS; waited += 50) {
    if (await isHealthy(endpoint)) return true
    if (running.hasEnded) return false
    await sleep(50)
  }
  return false
}

/** Starts a single node and waits until it is healthy. */
export const startEtcd = async ({ tls = false, flags = [] }: EtcdServerOptions = {}): Promise<EtcdServer> => {
  const binary = await findEtcd()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-etcd-'))
  const data = join(folder, 'data')
  const [port = 0, peerPort = 0] = await freePorts(2)
  const endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const peer = `http://127.0.0.1:${peerPort}`
  const all = [
    ...['--name', 'single', '--data-dir', data, '--initial-cluster', `single=${peer}`],
    ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...(tls ? ['--auto-tls'] : []),
    ...flags,
  ]
  let running: Running | undefined

  const kill = async (): Promise<void> => {
    if (running !== undefined) await end(running)
    running = undefined
  }
  const restart = async (): Promise<void> => {
    await kill()
    // Its ports may still be in use for a moment; then etcd ends at once.
    for (let attempt = 1; ; attempt++) {
      const started = await launch(binary, all)
      running = started
      if (await untilHealthy(started, endpoint)) return
      await kill()
      if (attempt === 5) throw new Error(`etcd does not start:\n${started.log.join('\n')}`)
      await sleep(200)
    }
  }
  const pid = (): number => {
    if (running === undefined) throw new Error('etcd does not run')
    return running.pid
  }
  const certificate = (): Promise<Buffer> => readFile(join(data, 'fixtures', 'client', 'cert.pem'))
  await restart()
  return {
    endpoint,
    port,
    pid,
    kill,
    restart,
    pause: () => void process.kill(pid(), 'SIGSTOP'),
    resume: () => void process.kill(pid(), 'SIGCONT'),
    wipe: async () => {
      await kill()
      await rm(data, { recursive: true, force: true })
      await restart()
    },
    admin: async (work, options = {}) => {
      const credentials = tls ? { credentials: { rootCertificate: await certificate() } } : {}
      const client = new Etcd3({ hosts: endpoint, ...credentials, ...options })
      return work(client).finally(() => client.close())
    },
    certificate,
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
