import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { ReloaderStatus } from 'changeover'
import { useBundle } from '../support/bundled-program.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { usePostgres } from '../support/postgres.ts'
import {
  configOf,
  entriesOf,
  limits,
  PATIENT_MS,
  type ServiceProcess,
  startExample,
  startService,
  temporaryFolder,
  untilServing,
  writeConfig,
} from './service-process.ts'

vi.setConfig({ testTimeout: PATIENT_MS })
const postgres = usePostgres()
/** Starts faster than `main.ts`, which the first test and the one without settings start as the README says. */
const bundled = useBundle(new URL('../../examples/service/main.ts', import.meta.url))

/** Starts the service with a config file of its own and the shared server. */
const start = async (config: unknown, address = postgres().connectionString, program = bundled()) => {
  const path = join(await temporaryFolder(), 'config.json')
  await writeConfig(path, config)
  return { path, service: await startService({ CONFIG_FILE: path, DATABASE_URL: address }, program) }
}

const statusOf = async (service: ServiceProcess): Promise<ReloaderStatus> =>
  JSON.parse(await service.get('/status')) as ReloaderStatus

/** Waits for at least this many: on a slow machine, a config that has failed is tried again in between. */
const untilCounted = (service: ServiceProcess, outcome: keyof ReloaderStatus['counters'], count: number) =>
  vi.waitFor(async () => expect((await statusOf(service)).counters[outcome]).toBeGreaterThanOrEqual(count), limits)

test('a saved edit changes log level, cache interval and pool size together', async () => {
  const { path, service } = await start(configOf('info', 5_000, 5), undefined, 'main.ts')
  expect(await service.values()).toMatchObject({
    log: { level: 'info' },
    cache: { intervalMs: 5_000 },
    pool: { max: 5 },
  })
  expect((await service.values()).cache.rows).toBeGreaterThan(100)
  expect(await service.get('/now')).toContain('"now"')
  expect(await service.get('/metrics')).toMatch(/^config_reload_last_successful 1$/m)
  expect(JSON.parse(await service.get('/live'))).toEqual({ live: true })
  expect(JSON.parse(await service.get('/ready'))).toMatchObject({ ready: true, state: 'committed' })
  for (const path of ['/metrics', '/live', '/ready']) expect(service.stdout()).toContain(`${service.url}${path}`)

  let isOver = false
  const seen = new Set<string>()
  const watching = (async () => {
    while (!isOver) {
      const { log, cache, pool } = await service.values()
      seen.add(`${log.level} ${cache.intervalMs} ${pool.max}`)
    }
  })()
  await writeConfig(path, configOf('debug', 500, 9))
  await untilServing(service, 'debug', 500, 9)
  isOver = true
  await watching
  expect([...seen].filter((values) => values !== 'info 5000 5' && values !== 'debug 500 9')).toEqual([])
  // The new level shows the lines of the cache, and the new interval makes them frequent.
  await vi.waitFor(() => expect(service.stdout().split('cache refreshed').length).toBeGreaterThan(3), limits)
  service.child.kill('SIGTERM')
  expect(await service.exited).toBe(0)
})

test('a bad edit changes nothing, the status shows the reason, and no password is shown anywhere', async () => {
  const { connectionString, password } = postgres()
  const address = new URL(connectionString)
  address.password = 'planted-secret' // the password of the document is the right one, and overrides this one
  const { path, service } = await start(configOf('info', 5_000, 5, password), address.href)
  const before = await service.values()

  await writeConfig(path, configOf('debug', 500, 9, 'planted-secret'))
  await untilCounted(service, 'rolled-back', 1)
  await writeConfig(path, { ...configOf('debug', 500, 9, 'planted-secret'), unknown: 'planted-secret' })
  await untilCounted(service, 'rejected', 1)
  const rejected = await service.get('/status')
  await writeConfig(path, '{"db":{"password":"planted-secret"')
  await untilCounted(service, 'rejected', 2)

  expect(JSON.parse(rejected)).toMatchObject({
    state: 'rejected',
    inSync: false,
    counters: { committed: 1 },
    last: { outcome: 'rejected', failures: [{ code: 'schema.invalid', hint: expect.any(String) }] },
  })
  expect(await service.values()).toEqual({
    ...before,
    cache: { ...before.cache, ageMs: expect.any(Number) },
    pool: { ...before.pool, connections: expect.any(Number), idle: expect.any(Number) },
  })
  const bodies = [rejected, await service.get('/'), await service.get('/status'), await service.get('/nothing')]
  service.child.kill('SIGINT')
  expect(await service.exited).toBe(0)
  const shown = [...bodies, service.stdout(), service.stderr()].join('\n')
  expect(shown).toContain('rolled-back')
  expect(shown).toContain('28P01')
  expect(shown).not.toContain('planted-secret')
  expect(shown).not.toContain(password)
})

test('SIGHUP makes the service read the config again', async () => {
  const { service } = await start(configOf('info', 5_000, 5))
  service.child.kill('SIGHUP')
  await untilCounted(service, 'unchanged', 1)
  expect((await statusOf(service)).last).toMatchObject({ outcome: 'unchanged', trigger: 'reload' })
  await vi.waitFor(() => expect(service.stdout()).toMatch(/^unchanged .*\(reload, /m), limits)
  service.child.kill('SIGTERM')
  expect(await service.exited).toBe(0)
})

test('without settings the service creates its config from the template, and starts a PostgreSQL that ends with it', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'config.json')
  const service = await startService({ CONFIG_FILE: path, TMPDIR: folder })
  const template = await readFile(new URL('../../examples/service/config.template.json', import.meta.url), 'utf8')
  expect(await readFile(path, 'utf8')).toBe(template)
  expect(service.stdout()).toContain(`edit ${path}`)
  await untilServing(service, 'info', 5_000, 5)
  const [server = ''] = (await entriesOf(folder)).filter((name) => name.startsWith('changeover-postgres-'))
  const pid = Number.parseInt(await readFile(join(folder, server, 'data/postmaster.pid'), 'utf8'), 10)
  expect(isRunning(pid)).toBe(true)

  service.child.kill('SIGINT')
  expect(await service.exited).toBe(0)
  expect(service.stderr()).toBe('')
  // The pool and its connections were closed before the server stopped.
  expect(service.stdout()).not.toContain('background-failed')
  expect(isRunning(pid)).toBe(false)
  expect(await entriesOf(folder)).toEqual(['config.json'])
})

test('a request that arrived before Ctrl-C is answered, and then the process ends with exit code 0', async () => {
  const { service } = await start(configOf('info', 5_000, 5))
  const { socket, received } = await sendHalfRequest(service)
  service.child.kill('SIGINT')
  await vi.waitFor(() => expect(service.stdout()).toContain('Draining'), limits)
  await expect(fetch(service.url)).rejects.toThrow() // no new connection is accepted
  socket.write('\r\n\r\n')
  await once(socket, 'close')
  expect(received()).toContain('HTTP/1.1 200 OK')
  expect(await service.exited).toBe(0)
})

test('a second Ctrl-C ends the service at once', async () => {
  const { service } = await start(configOf('info', 5_000, 5))
  await sendHalfRequest(service) // never ends, so that the service drains for seconds
  service.child.kill('SIGINT')
  await vi.waitFor(() => expect(service.stdout()).toContain('Draining'), limits)
  // Two signals that reach a busy process together count as one, so a person presses again.
  const pressing = setInterval(() => service.child.kill('SIGINT'), 100)
  onTestFinished(() => clearInterval(pressing))
  expect(await service.exited).toBeNull() // the signal has ended it
})

/** Starts a service that must fail. If `own` is true, it starts its own PostgreSQL, which must be gone too. */
const failToStart = async (config: unknown, own: boolean) => {
  const folder = await temporaryFolder()
  const path = join(folder, 'config.json')
  await writeConfig(path, config)
  const address = own ? {} : { DATABASE_URL: postgres().connectionString }
  const { exited, stdout, stderr } = startExample(bundled(), { CONFIG_FILE: path, TMPDIR: folder, ...address })
  expect(await exited).toBe(1)
  expect(await entriesOf(folder)).toEqual(['config.json'])
  return { stdout: stdout(), stderr: stderr() }
}

test.each([
  { what: 'a malformed config', config: '{"log": {"level": "planted-secret"', own: true, reason: 'document.malformed' },
  { what: 'a config of the wrong kind', config: configOf('planted-secret', 1, 1), own: false, reason: 'at log.level' },
  { what: 'a wrong password', config: configOf('info', 500, 5, 'planted-secret'), own: false, reason: '28P01' },
])(
  'a start with $what prints the reason, ends with exit code 1 and leaves nothing open',
  async ({ config, own, reason }) => {
    const { stdout, stderr } = await failToStart(config, own)
    expect(stderr).toContain(reason)
    expect(stderr).toMatch(/^✗ [a-z]+\.[a-z-]+: .*\. .*\.$/m) // code, what happened, what to do
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout + stderr).not.toContain('planted-secret')
  },
)

test('a start without a folder, a valid address or a free port prints the reason and ends with exit code 1', async () => {
  const folder = await temporaryFolder()
  const { connectionString } = postgres()
  const nowhere = startExample(bundled(), {
    CONFIG_FILE: join(folder, 'no-folder', 'config.json'),
    DATABASE_URL: connectionString,
  })
  expect(await nowhere.exited).toBe(1)
  expect(nowhere.stderr()).toContain('document.missing')
  const noAddress = startExample(bundled(), {
    CONFIG_FILE: join(folder, 'config.json'),
    DATABASE_URL: 'planted-secret',
  })
  expect(await noAddress.exited).toBe(1)
  expect(noAddress.stderr()).toContain('DATABASE_URL')
  expect(noAddress.stderr()).not.toContain('planted-secret')
  const noPort = startExample(bundled(), {
    CONFIG_FILE: join(folder, 'config.json'),
    DATABASE_URL: connectionString,
    PORT: `${postgres().port}`,
  })
  expect(await noPort.exited).toBe(1)
  expect(noPort.stderr()).toContain('EADDRINUSE')
})

test('with ETCD_HOSTS the service creates the key, follows it, and never writes it again', async () => {
  const etcd = await startEtcd()
  onTestFinished(etcd.stop)
  const key = '/changeover/example'
  const env = { ETCD_HOSTS: etcd.endpoint, DATABASE_URL: postgres().connectionString }
  const first = await startService(env, bundled())
  await untilServing(first, 'info', 5_000, 5)
  await etcd.admin(async (client) => client.put(key).value(JSON.stringify(configOf('warn', 700, 7))))
  await untilServing(first, 'warn', 700, 7)
  await etcd.admin(async (client) => client.delete().key(key))
  await untilCounted(first, 'rejected', 1)
  first.child.kill('SIGHUP') // its read finds the key missing, and does not create it
  await untilCounted(first, 'rejected', 2)
  expect((await statusOf(first)).last).toMatchObject({ failures: [{ code: 'document.missing' }] })
  await untilServing(first, 'warn', 700, 7)
  expect(await etcd.admin(async (client) => client.get(key))).toBeNull()

  await etcd.admin(async (client) => client.put(key).value(JSON.stringify(configOf('error', 900, 3))))
  const second = await startService({ ...env, ETCD_KEY: key }, bundled())
  await untilServing(second, 'error', 900, 3)
  for (const { child, exited } of [first, second]) {
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
  }
})

test('the service waits for an etcd that cannot be reached yet, and Ctrl-C ends the wait', async () => {
  const etcd = await startEtcd()
  onTestFinished(etcd.stop)
  await etcd.kill()
  const env = { ETCD_HOSTS: etcd.endpoint, DATABASE_URL: postgres().connectionString }
  const patient = startExample(bundled(), env)
  const impatient = startExample(bundled(), env)
  for (const { stdout } of [patient, impatient]) {
    await vi.waitFor(() => expect(stdout()).toContain('source.unreachable'), limits)
  }
  impatient.child.kill('SIGINT')
  expect(await impatient.exited).toBe(0)
  expect(impatient.stderr()).toBe('')
  await etcd.restart()
  await vi.waitFor(() => expect(patient.stdout()).toContain('Serving on'), limits)
  patient.child.kill('SIGINT')
  expect(await patient.exited).toBe(0)
})

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Sends a request without its last bytes. */
const sendHalfRequest = async ({ url }: ServiceProcess) => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  await new Promise((resolve) => socket.write('GET / HTTP/1.1\r\nhost: localhost', resolve))
  return { socket, received: () => received }
}
