import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** How to start etcd. */
export interface EtcdCommand {
  readonly binary: string
  readonly flags: readonly string[]
  /** The address of `/health`. */
  readonly health: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** One etcd process that can be killed and started again with the same ports and data. */
export interface EtcdProcess {
  readonly pid: () => number
  /** Sends SIGKILL, if the process runs. */
  readonly kill: () => Promise<void>
  /** Kills it if it runs, and starts it, without waiting until it is healthy: a member needs the others for that. */
  readonly launch: () => Promise<void>
  /** Waits until it is healthy. Starts it again if it has ended, since its ports may be in use for a moment. */
  readonly untilHealthy: () => Promise<void>
  /** Sends SIGSTOP. */
  readonly pause: () => void
  /** Sends SIGCONT. */
  readonly resume: () => void
}

const HEALTHY_WITHIN_MS = 30_000

// Below the ports of outgoing connections (on Linux from 32,768), which could take a free port before etcd listens on it.
const LOWEST_PORT = 15_000
const HIGHEST_PORT = 32_000

const holdFreePort = async (tries = 100): Promise<Server> => {
  const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT))
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (tries === 1) throw error
    return holdFreePort(tries - 1)
  }
}

/** Finds free ports. All are held at once, so that they differ. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(Array.from({ length: count }, () => holdFreePort()))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

// The shell kills etcd as soon as the pipe from this process closes, so that etcd never outlives the tests.
const guardScript = `"$0" "$@" >/dev/null & pid=$!; exec 2>/dev/null; echo $pid; exec >/dev/null; read _; kill -9 $pid; wait`

interface Running {
  readonly shell: ChildProcess
  readonly pid: number
  readonly log: string[]
  /** True once etcd has ended. */
  hasEnded: boolean
}

const launch = async ({ binary, flags, env = {} }: EtcdCommand): Promise<Running> => {
  const shell = spawn('/bin/sh', ['-c', guardScript, binary, ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
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

/** True if etcd reports that it is healthy: it has a leader and answers a linearizable read. */
const isHealthy = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { timeout: 1_000, agent: false as const }
    const onResponse = (response: NodeJS.ReadableStream): void => {
      response.on('data', (chunk) => resolve(String(chunk).includes('true'))).on('end', () => resolve(false))
      response.on('error', () => resolve(false))
    }
    const request = endpoint.startsWith('https')
      ? httpsGet(`${endpoint}/health`, { ...options, rejectUnauthorized: false }, onResponse)
      : httpGet(`${endpoint}/health`, options, onResponse)
    request.on('error', () => resolve(false)).on('timeout', () => request.destroy())
  })

/** Creates a process without launching it. */
export const createEtcdProcess = (command: EtcdCommand): EtcdProcess => {
  let running: Running | undefined

  const kill = async (): Promise<void> => {
    if (running !== undefined) await end(running)
    running = undefined
  }
  const start = async (): Promise<void> => {
    await kill()
    running = await launch(command)
  }
  const pid = (): number => {
    if (running === undefined) throw new Error('etcd does not run')
    return running.pid
  }
  const untilHealthy = async (): Promise<void> => {
    let log: readonly string[] = []
    let launches = 1
    for (let waited = 0; waited < HEALTHY_WITHIN_MS; waited += 50) {
      if (await isHealthy(command.health)) return
      log = running?.log ?? log
      if (running?.hasEnded !== false) {
        if (launches++ === 5) break
        await start()
      }
      await sleep(50)
    }
    throw new Error(`etcd did not become healthy:\n${log.join('\n')}`)
  }
  return {
    pid,
    kill,
    launch: start,
    untilHealthy,
    pause: () => void process.kill(pid(), 'SIGSTOP'),
    resume: () => void process.kill(pid(), 'SIGCONT'),
  }
}
