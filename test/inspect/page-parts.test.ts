import { createReloader, type Applier } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { openPage, PATIENT, send, startInspector } from './inspector-client.ts'

const SECRET = 'hunter2-s3cr3t-9f1c'
const Config = z.strictObject({
  log: z.strictObject({ level: z.string() }),
  db: z.strictObject({ password: z.string() }),
  unused: z.strictObject({ key: z.string() }),
})

const start = async (actions: boolean) => {
  const document = (level: string) =>
    JSON.stringify({ log: { level }, db: { password: `${SECRET}-${level}` }, unused: { key: SECRET } })
  const source = memorySource(document('info'))
  const applier = (): Applier<unknown, string> => ({ prepare: () => ({ instance: SECRET }) })
  const reloader = createReloader({
    source,
    schema: Config,
    public: ['log'],
    service: { name: 'shop', version: '1.4.2', host: 'web-7' },
    build: '9f1c',
  })
    .use('logger', (c) => c.log, applier() as Applier<{ level: string }, string>)
    .use('db', (c) => c.db, applier() as Applier<{ password: string }, string>)
  onTestFinished(() => reloader.close())
  await reloader.start()
  const server = await startInspector({ reloader, actions })
  return { server, reloader, put: (level: string) => source.put(document(level)) }
}

describe('The page is sent', () => {
  it('which service this is, its config and what holds old generations', async () => {
    const { server, put, reloader } = await start(false)
    const { stream, hello } = await openPage(server)
    expect(hello.service).toMatchObject({
      name: 'shop',
      version: '1.4.2',
      host: 'web-7',
      pid: process.pid,
      build: '9f1c',
    })
    expect(hello.holds).toEqual({ leases: { serving: 0, replaced: 0 }, draining: {}, routes: [] })
    const [log, db, unused] = hello.config.root.children
    expect(log).toMatchObject({ key: 'log', modules: ['logger'], children: [{ key: 'level', value: 'info' }] })
    expect(db).toMatchObject({ key: 'db', modules: ['db'], isUnfollowed: false })
    expect(unused).toMatchObject({ key: 'unused', isUnfollowed: true })

    let release = (): void => {}
    const lease = reloader.lease(() => new Promise<void>((resolve) => (release = resolve)))
    put('debug')
    await vi.waitFor(() => expect(stream.last('config')?.root.children[0].children[0].value).toBe('debug'), PATIENT)
    await vi.waitFor(
      () => expect(stream.last('holds')).toMatchObject({ leases: { replaced: 1 }, draining: { logger: 1, db: 1 } }),
      PATIENT,
    )
    release()
    await lease
    await vi.waitFor(
      () => expect(stream.last('holds')).toMatchObject({ leases: { replaced: 0 }, draining: {} }),
      PATIENT,
    )
    expect(stream.raw.text).not.toContain(SECRET)
  })

  it('what a revert would change before it asks for one, and nothing is changed by that', async () => {
    const { server, put, reloader } = await start(true)
    put('debug')
    await vi.waitFor(() => expect(reloader.status().goodHistory).toHaveLength(2), PATIENT)
    const { session } = await openPage(server)
    const preview = (digest: string) => send(server.port, `${server.path}reverts/${digest}.json`, { headers: session })
    const earlier = reloader.status().goodHistory[1]?.digest ?? ''
    const { status, body } = await preview(earlier)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({
      ok: true,
      modules: ['logger', 'db'],
      diff: { differences: [{ path: 'log.level', from: 'debug', to: 'info' }, { path: 'db.password' }] },
    })
    expect(body).not.toContain(SECRET)
    expect(reloader.config.log.level).toBe('debug')
    expect(reloader.status().frozen).toBeUndefined()
    const unknown = await preview('no-such-digest')
    expect([unknown.status, JSON.parse(unknown.body).failure.code]).toEqual([409, 'reloader.no-such-good'])
    expect((await preview('..%2f')).status).toBe(404)
  })

  it('no preview if actions are off, or without a session', async () => {
    const { server, reloader } = await start(false)
    const { session } = await openPage(server)
    const path = `${server.path}reverts/${reloader.status().serving?.digest}.json`
    expect((await send(server.port, path, { headers: session })).status).toBe(403)
    expect((await send(server.port, path)).status).toBe(401)
  })
})
