import { writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { call, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeAll(async () => {
  folder = await makeFolder()
  await writeFile(join(folder, 'changeover.config.json'), '{}')
  await writeFile(join(folder, 'next.json'), documentOf('info', 5))
})
afterAll(() => removeFolder(folder))

const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  call(argv, { cwd: folder, env })

describe('The command, with users in etcd,', () => {
  const admin = { username: 'root', password: 'secret-root' }
  let server: EtcdServer
  beforeAll(async () => {
    server = await startEtcd()
    await server.admin(async (client) => {
      await client.role('root').create()
      await client
        .user('root')
        .create(admin.password)
        .then((user) => user.addRole('root'))
      const role = await client.role('app').create()
      await role.grant({ permission: 'Readwrite', range: client.range({ prefix: '/app/' }) })
      await client
        .user('ada')
        .create('secret-ada')
        .then((user) => user.addRole('app'))
      await client.auth.authEnable()
    })
  })
  afterAll(() => server.stop())

  it('takes the password from the environment or a file, and publishes with the right to the folder', async () => {
    const at = ['--hosts', server.endpoint, '--key', '/app/config', '--user', 'ada']
    const first = await run(['publish', 'next.json', '--if-revision', '0', '--author', 'Ada', ...at], {
      CHANGEOVER_PASSWORD: 'secret-ada',
    })
    expect(first).toMatchObject({ exit: 0 })
    await writeFile(join(folder, 'password'), 'secret-ada\n')
    const history = await run(['history', '--json', '--password-file', 'password', ...at])
    expect([history.exit, jsonOf(history).entries]).toEqual([0, [expect.objectContaining({ number: 1 })]])
  })

  it('says what is wrong with a password, a right, or a user without a password', async () => {
    const of = (key: string, password: string) =>
      run(['get', '--hosts', server.endpoint, '--key', key, '--user', 'ada'], { CHANGEOVER_PASSWORD: password })
    const wrong = await of('/app/config', 'wrong-password')
    expect(wrong).toMatchObject({ exit: 1, err: expect.stringContaining('source.unauthenticated') })
    expect(wrong.err).not.toContain('wrong-password')
    expect(await of('/other', 'secret-ada')).toMatchObject({ exit: 1, err: expect.stringContaining('source.denied') })
    expect(await of('/app/config', '')).toMatchObject({ exit: 1, err: expect.stringContaining('CHANGEOVER_PASSWORD') })
  })
})

it('The command connects by TLS with the authority that a flag names, and says why it does not without', async () => {
  const server = await startEtcd({ tls: true })
  try {
    await writeFile(join(folder, 'ca.pem'), await server.certificate())
    const at = ['--hosts', server.endpoint, '--key', '/app/config']
    const published = await run([
      'publish',
      'next.json',
      '--if-revision',
      '0',
      '--author',
      'Ada',
      '--ca',
      'ca.pem',
      ...at,
    ])
    expect(published).toMatchObject({ exit: 0 })
    expect(await run(['get', ...at])).toMatchObject({ exit: 1, err: expect.stringContaining('source.tls') })
    expect(await run(['get', '--ca', 'none.pem', ...at])).toMatchObject({
      exit: 1,
      err: expect.stringContaining('none.pem'),
    })
    await writeFile(join(folder, 'bad.pem'), 'no certificate')
    const bad = await run(['get', '--ca', 'bad.pem', ...at])
    expect([bad.exit, bad.err]).toEqual([1, expect.stringContaining('credentials')])
  } finally {
    await server.stop()
  }
})

it('The command connects to an IPv6 address', async () => {
  const server = await startEtcd()
  const proxy = createServer((socket) => {
    const upstream = connect(server.port, '127.0.0.1')
    socket.pipe(upstream).pipe(socket)
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
  }).listen(0, '::1')
  try {
    await once(proxy, 'listening')
    const hosts = `http://[::1]:${(proxy.address() as AddressInfo).port}`
    const at = ['--hosts', hosts, '--key', '/app/config']
    expect(await run(['publish', 'next.json', '--if-revision', '0', '--author', 'Ada', ...at])).toMatchObject({
      exit: 0,
    })
    expect(await run(['get', ...at])).toMatchObject({ exit: 0, out: expect.stringContaining(hosts) })
  } finally {
    proxy.close()
    await server.stop()
  }
})
