import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, lchown, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { copyPostgres, ownServerHint } from './postgres-binaries.ts'

/** A temporary PostgreSQL server on 127.0.0.1. */
export interface EmbeddedPostgres {
  readonly connectionString: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** The process id of the server. */
  readonly pid: number
  /** Shuts the server down, which ends open connections, and removes everything. Idempotent; takes at most 20 s. */
  readonly stop: () => Promise<void>
}

interface Account {
  readonly uid: number
  readonly gid: number
}

const HOST = '127.0.0.1'
const USER = 'changeover'
const DATABASE = 'postgres'
const READY_MS = 60_000
const FAST_STOP_MS = 10_000
const PORT_TRIES = 5

/**
 * Starts a real PostgreSQL. It is stopped and removed by `stop`, and also when this process ends in any other way.
 *
 * It runs in a session of its own, so that Ctrl-C reaches only the service, which can drain while the server still
 * answers. For root, it runs under an unprivileged account, since PostgreSQL refuses to run as root. Takes 1 to 2 s.
 *
 * @param options.folder the parent of its temporary folder; for root, all accounts must be able to enter it
 */
export const startPostgres = async (options: { readonly folder?: string } = {}): Promise<EmbeddedPostgres> => {
  if (process.platform === 'win32') throw new Error(`The embedded PostgreSQL does not run on Windows. ${ownServerHint}`)
  const folder = await mkdtemp(join(resolve(options.folder ?? tmpdir()), 'changeover-postgres-'))
  try {
    const account = await unprivilegedAccount()
    if (account !== undefined) await assertOpenToAll(dirname(folder))
    const password = randomBytes(18).toString('base64url')
    await copyPostgres(folder)
    await writeFile(join(folder, 'password'), password, { mode: 0o600 })
    if (account !== undefined) await changeOwner(folder, account)
    await initialize(folder, account)
    return await serve(folder, account, password)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Finds an unprivileged account for root. It must have a name, which `initdb` requires. */
const unprivilegedAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const found = lines.find(([name]) => name === 'nobody') ?? lines.find(([name]) => name === 'postgres')
  if (found === undefined) throw new Error(`Root needs an account "nobody" to run PostgreSQL. ${ownServerHint}`)
  return { uid: Number(found[2]), gid: Number(found[3]) }
}

const assertOpenToAll = async (folder: string): Promise<void> => {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0)
    throw new Error(`Only its owner can enter ${folder}, and PostgreSQL runs as another account`)
  if (dirname(folder) !== folder) await assertOpenToAll(dirname(folder))
}

const changeOwner = async (folder: string, { uid, gid }: Account): Promise<void> => {
  const entries = await readdir(folder, { recursive: true })
  await Promise.all(entries.map((entry) => lchown(join(folder, entry), uid, gid)))
  await chown(folder, uid, gid)
}

// Without the environment of this process, since PGDATA, PGOPTIONS and the like would change the server.
const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

const initialize = async (folder: string, account: Account | undefined): Promise<void> => {
  const program = join(folder, 'native/bin/initdb')
  await Promise.all(['initdb', 'postgres'].map((name) => chmod(join(folder, 'native/bin', name), 0o755)))
  const flags = ['--no-sync', '--no-instructions', '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256']
  const places = [`--pgdata=${join(folder, 'data')}`, `--pwfile=${join(folder, 'password')}`, `--username=${USER}`]
  await promisify(execFile)(program, [...flags, ...places], {
    ...account,
    cwd: folder,
    env: environment,
    timeout: READY_MS,
  })
}

// Runs between this process and the server. When its input ends, by `stop` or with this process, it stops the server and
// removes the folder. If the server ends by itself, it exits with the same status.
const guardian = `
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; : >"$folder/stopping"; kill -INT "$server"; } 2>/dev/null &
reader=$!
exec 3<&-
wait "$server"
status=$?
if [ -e "$folder/stopping" ]; then cd / && rm -rf "$folder"; else kill "$reader"; fi
exit "$status"
`

const launch = async (folder: string, account: Account | undefined, port: number): Promise<ChildProcess> => {
  const settings = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: '', // a path in a deep temporary folder would be too long for a socket
    max_connections: 100,
    shared_buffers: '16MB',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = [join(folder, 'native/bin/postgres'), '-D', join(folder, 'data'), ...flags]
  const log = await open(join(folder, 'server.log'), 'w')
  try {
    return spawn('/bin/sh', ['-c', guardian, 'sh', folder, ...server], {
      ...account,
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
    })
  } finally {
    await log.close()
  }
}

const serve = async (folder: string, account: Account | undefined, password: string): Promise<EmbeddedPostgres> => {
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    const child = await launch(folder, account, port)
    const exited = new Promise<void>((done) => child.once('error', () => done()).once('exit', () => done()))
    const pid = await ready(folder, child)
    if (pid !== undefined) {
      const stop = once(() => end(folder, child, exited, pid))
      // Without a `stop`, the server must not keep the process alive. The end of the process stops it.
      child.unref()
      ;(child.stdin as { unref?: () => void } | null)?.unref?.()
      const connectionString = `postgres://${USER}:${password}@${HOST}:${port}/${DATABASE}`
      return { connectionString, host: HOST, port, user: USER, password, database: DATABASE, pid, stop }
    }
    const log = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '')
    child.stdin?.destroy()
    await Promise.race([exited, sleep(FAST_STOP_MS, undefined, { ref: false })])
    // Another process may have taken the port since it was found free.
    const again = log.includes('could not bind') && tries < PORT_TRIES
    if (!again) throw new Error(`PostgreSQL did not start. ${ownServerHint} The end of its log:\n${log.slice(-2_000)}`)
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((done, reject) => server.once('error', reject).listen(0, HOST, done))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((done) => server.close(() => done()))
  return port
}

/** Waits for "ready" in the server's status file, as pg_ctl does. Returns undefined if it ended or was too slow. */
const ready = async (folder: string, child: ChildProcess): Promise<number | undefined> => {
  const deadline = performance.now() + READY_MS
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const lines = (await readFile(join(folder, 'data/postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (lines[7]?.trim() === 'ready') return Number(lines[0])
    if (performance.now() > deadline) return undefined
    await sleep(20)
  }
  return undefined
}

const end = async (folder: string, child: ChildProcess, exited: Promise<void>, pid: number): Promise<void> => {
  child.ref()
  child.stdin?.destroy()
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    const timeout = new AbortController()
    const late = sleep(FAST_STOP_MS, true, { signal: timeout.signal }).catch(() => false)
    const isLate = await Promise.race([exited.then(() => false), late])
    timeout.abort()
    if (!isLate) break
    kill(pid, signal)
  }
  await rm(folder, { recursive: true, force: true })
}

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // it has already ended
  }
}

const once = (work: () => Promise<void>): (() => Promise<void>) => {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
