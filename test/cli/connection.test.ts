import { writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCertificates } from '../support/etcd-certificates.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { startProxy } from '../support/tcp-proxy.ts'
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

it('The command presents a certificate that etcd asks for, and says so if it is missing or foreign', async () => {
  const certificates = await createCertificates()
  const [authority, other] = [await certificates.createAuthority('own'), await certificates.createAuthority('other')]
  const [own, client, foreign] = [
    await authority.issue('etcd'),
    await authority.issue('ada'),
    await other.issue('mallory'),
  ]
  const server = await startEtcd({ tls: { cert: own.cert, key: own.key, clientAuthority: authority.file } })
  try {
    const at = ['--hosts', server.endpoint, '--key', '/app/config', '--ca', authority.file]
    const publishing = ['publish', 'next.json', '--if-revision', '0', '--author', 'Ada']
    const known = ['--cert', client.cert, '--cert-key', client.key]
    expect(await run([...publishing, ...at, ...known])).toMatchObject({ exit: 0 })
    const env = { CHANGEOVER_CERT: client.cert, CHANGEOVER_CERT_KEY: client.key }
    expect(await run(['history', ...at], env)).toMatchObject({ exit: 0, out: expect.stringContaining('Ada') })
    for (const flags of [[], ['--cert', foreign.cert, '--cert-key', foreign.key]]) {
      const refused = await run(['get', '--timeout', '2s', ...at, ...flags])
      expect([refused.exit, refused.err]).toEqual([1, expect.stringMatching(/^source\.(?:tls|unreachable)/)])
    }
    const half = await run(['get', ...at, '--cert', client.cert])
    expect([half.exit, half.err]).toEqual([1, expect.stringContaining('credentials')])
  } finally {
    await server.stop()
    await certificates.remove()
  }
})

it('The command works in a namespace, with the history in it', async () => {
  const server = await startEtcd()
  try {
    const at = ['--hosts', server.endpoint, '--key', '/app/config']
    const publishing = ['publish', 'next.json', '--if-revision', '0', '--author', 'Ada', ...at]
    expect(await run(publishing, { CHANGEOVER_NAMESPACE: 'tenant/' })).toMatchObject({ exit: 0 })
    expect(await run(['get', ...at])).toMatchObject({ exit: 1, err: expect.stringContaining('document.missing') })
    expect(await run(['get', ...at, '--namespace', 'tenant/'])).toMatchObject({ exit: 0 })
    const keys = await server.admin(async (client) => client.getAll().keys())
    expect(keys.filter((key) => !key.startsWith('tenant//app/config'))).toEqual([])
  } finally {
    await server.stop()
  }
})

it.each(['unix:///run/etcd.sock', 'unix:/run/etcd.sock', 'unixs://localhost:1'])(
  'The command refuses the unix socket %s, as the source does, and names what it takes',
  async (hosts) => {
    const ended = await run(['get', '--hosts', hosts, '--key', '/app/config'])
    expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('addresses like http://127.0.0.1:2379')])
  },
)

describe('A command that publishes', () => {
  it.each([
    [['set', 'db.max', '6'], 1],
    [['publish', 'next.json', '--if-revision', '0'], 1],
    [['publish', 'next.json', '--if-revision', '0', '--wait', '--for', '0%'], 1],
    // The calls of a lease are another service of etcd, which has a channel of its own.
    [['override', 'db.max=7'], 2],
  ])('uses the same connection for the document and for its fleet: %j', async ([name = '', ...rest], connections) => {
    const server = await startEtcd()
    const proxy = await startProxy(server.port)
    try {
      const at = ['--hosts', `http://127.0.0.1:${proxy.port}`, '--key', '/app/config', '--author', 'Ada']
      if (name !== 'publish')
        await server.admin(async (client) => client.put('/app/config').value(documentOf('info', 5)))
      await run([name, ...at, ...rest])
      expect(proxy.accepted()).toBe(connections)
    } finally {
      await proxy.close()
      await server.stop()
    }
  })
})
