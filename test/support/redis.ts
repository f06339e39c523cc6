import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unpackPackages } from './debian-packages.ts'
import { freePorts } from './etcd-process.ts'
import { connectRedis } from './redis-client.ts'

const run = promisify(execFile)

const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']
const cacheFolder = fileURLToPath(new URL('../../.cache/redis/', import.meta.url))
const START_MS = 30_000

interface Program {
  readonly path: string
  readonly env: NodeJS.ProcessEnv
}

const works = ({ path, env }: Program): Promise<boolean> =>
  run(path, ['--version'], { env }).then(
    () => true,
    () => false,
  )

/** Finds a real redis: in the PATH, the cache, or Debian's packages, which it unpacks into the cache. */
const findRedis = async (): Promise<Program> => {
  const installed = { path: 'redis-server', env: process.env }
  if (await works(installed)) return installed
  const root = join(cacheFolder, 'root')
  const libraries = join(root, 'usr', 'lib', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`)
  const unpacked = {
    path: join(root, 'usr', 'bin', 'redis-server'),
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
  }
  if (await works(unpacked)) return unpacked
  await mkdir(cacheFolder, { recursive: true })
  const folder = await mkdtemp(join(cacheFolder, 'unpack-'))
  try {
    // Another test file may have been faster.
    await rename(await unpackPackages(folder, packages), root).catch(() => access(root))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  if (!(await works(unpacked))) throw new Error('Debian’s redis-server does not run here; install redis-server')
  return unpacked
}

/** A real redis on a port that stays the same across restarts. */
export class RedisServer {
  readonly port: number
  readonly #program: Program
  readonly #folder: string
  #child: ChildProcess | undefined

  private constructor(program: Program, port: number, folder: string) {
    this.#program = program
    this.port = port
    this.#folder = folder
  }

  static async start(): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'changeover-redis-'))
    const [port = 0] = await freePorts(1)
    const server = new RedisServer(await findRedis(), port, folder)
    await server.start()
    return server
  }

  /** Starts it, or starts it again, and waits until it answers. */
  async start(): Promise<void> {
    const { path, env } = this.#program
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', '']
    this.#child = spawn(path, args, { env, stdio: 'ignore' })
    const until = Date.now() + START_MS
    for (;;) {
      const client = await connectRedis({ port: this.port }).catch(() => undefined)
      const answer = await client?.send('PING').catch(() => undefined)
      client?.close()
      if (answer === 'PONG') return
      if (Date.now() > until) throw new Error('redis does not answer')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Stops answering, but keeps its connections. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
