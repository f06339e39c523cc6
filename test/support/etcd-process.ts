import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is started. */
export interface EtcdCommand {
  readonly binary: string
  readonly flags: readonly string[]
  /** Where `/health` is asked. */
  readonly health: string
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>
}

/** One etcd process, which may be killed and started again on the same ports and data. */
export interface EtcdProcess {
  readonly pid: () => number
  /** SIGKILL; a process that does not run is no error. */
  readonly kill: () => Promise<void>
  /** Kills it if it runs, and starts it, without waiting for its health: a member needs others for that. */
  readonly launch: () => Promise<void>
  /** Waits until it is healthy; started anew where it has ended, since its ports may be in use for a moment. */
  readonly untilHealthy: () => Promise<void>
  /** SIGSTOP and SIGCONT. */
  readonly pause: () => void
  readonly resume: () => void
}

const HEALTHY_WITHIN_MS = 30_000

// Below those that systems give to outgoing connections (Linux from 32,768 on), one of which might take a port that was
// found free before etcd listens on it.
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

/** Free ports, all of them held at once so that they differ. etcd's peer port matters too: it answers clients. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(Array.from({ length: count }, () => holdFreePort()))
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

const launch = async ({ binary, flags, env = {} }: EtcdCommand): Promise<Running> => {
  const shell = spawn('/bin/sh', ['-c', keeper, binary, ...flags], {
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

/** True where etcd says that it is healthy: it has a leader and answers a linearizable read. */
const isHealthy = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { timeout: 1_000, agent: false as const }
    const onAnswer = (answer: NodeJS.ReadableStream): void => {
      answer.on('data', (chunk) => resolve(String(chunk).includes('true'))).on('end', () => resolve(false))
      answer.on('error', () => resolve(false))
    }
    const request = endpoint.startsWith('https')
      ? httpsGet(`${endpoint}/health`, { ...options, rejectUnauthorized: false }, onAnswer)
      : httpGet(`${endpoint}/health`, options, onAnswer)
    request.on('error', () => resolve(false)).on('timeout', () => request.destroy())
  })

/** A process that has not been launched yet. */
export const makeEtcdProcess = (command: EtcdCommand): EtcdProcess => {
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
    throw new Error(`etcd does not get healthy:\n${log.join('\n')}`)
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
