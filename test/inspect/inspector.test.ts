import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Config, configOf, startHarness, type Harness } from '../guarantees/harness.ts'
import { useBundle } from '../support/bundled-program.ts'
import { openLink, openPage, openStream, PATIENT, send, startInspector } from './inspector-client.ts'

/** Starts an inspector and opens its page. */
const openInspector = async (reloader: Harness['reloader'], actions = false) => {
  const server = await startInspector({ reloader, actions })
  const { session, stream, hello, actionHeaders: headers } = await openPage(server)
  const { port, path } = server
  const get = (name: string) => send(port, `${path}${name}`, { headers: session })
  const act = async (name: string, body: object = {}) => {
    const answer = await send(port, `${path}actions/${name}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, ...JSON.parse(answer.body) }
  }
  return { ...server, session, stream, hello, get, act }
}

describe('An inspector', () => {
  it('shows a commit and a rollback as they happen, and what each module did', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }), clock: 'system', options: { public: ['a'] } })
    const { stream, hello, get } = await openInspector(harness.reloader)
    expect(hello).toMatchObject({
      status: { state: 'committed', inSync: true },
      machines: { reload: { state: 'committed' }, watch: { machine: 'watch' }, admission: { machine: 'admission' } },
      transactions: [{ trigger: 'start', outcome: 'committed', changes: 1 }],
      actions: [],
    })
    await harness.put(configOf({ a: 2, b: 1 }))
    await vi.waitFor(() => expect(stream.last('status')?.serving.revision.name).toBe('2'), PATIENT)
    harness.modules.b.script('prepare', 'reject')
    const { id } = await harness.put(configOf({ a: 3, b: 2 }))
    await vi.waitFor(() => expect(stream.last('transaction')).toMatchObject({ id, outcome: 'rolled-back' }), PATIENT)
    await vi.waitFor(() => expect(stream.last('state')).toMatchObject({ machine: expect.any(String) }), PATIENT)
    const entered = stream
      .named('state')
      .flatMap(({ data }) => data.taken.flatMap(({ targets }: { targets: string[] }) => targets))
    expect(entered).toEqual(
      expect.arrayContaining([
        'reload.validating',
        'reload.applying.preparing',
        'reload.resting.committed',
        'reload.rolling-back',
      ]),
    )
    const exported = JSON.parse((await get(`transactions/${id}.json`)).body)
    expect(exported).toMatchObject({
      id,
      outcome: 'rolled-back',
      failure: { code: 'module.prepare-failed', module: 'b' },
      modules: [{ module: 'a' }, { module: 'b', phases: [{ phase: 'prepare', result: 'failed' }] }],
      diff: {
        count: 2,
        differences: [
          { path: 'a.value', from: 2, to: 3 },
          { path: 'b.value', change: 'changed' },
        ],
      },
    })
    const sequence = await get(`transactions/${id}.mmd?download`)
    expect(sequence.headers['content-disposition']).toBe(`attachment; filename="${id}.mmd"`)
    expect(sequence.body).toMatch(/m1--x-reloader: failed/)
  })

  it('sends no secret in a stream, a page, an export or a header, whether the config commits or fails', async () => {
    const secret = 7_712_340_685_193
    const harness = await startHarness({
      config: configOf({ a: secret }, 'note-7712340685193'),
      clock: 'system',
      checkCloses: false,
    })
    const { stream, get } = await openInspector(harness.reloader)
    harness.modules.a.script('prepare', () => {
      throw new Error('connecting with 7712340685193 failed')
    })
    const texts = [
      configOf({ a: 10_712_340_685_193 }),
      configOf({ a: 20_712_340_685_193, b: secret }),
      '{"a": 7712340685193',
      '{"a":{"value":"x7712340685193"}}',
    ]
    const records = [harness.reloader.status().last]
    for (const text of texts) records.push(await harness.put(text))
    await vi.waitFor(() => expect(stream.last('transaction')?.id).toBe(records.at(-1)?.id), PATIENT)
    const answers = await Promise.all(
      records
        .flatMap((record) => [get(`transactions/${record?.id}.json`), get(`transactions/${record?.id}.mmd`)])
        .concat(get('')),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(stream.raw.text.length).toBeGreaterThan(1_000)
    expect(JSON.stringify([stream.raw.text, answers])).not.toContain('71234068519')
  })

  it('runs the actions of its page if they are enabled', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }), clock: 'system' })
    const { act, hello } = await openInspector(harness.reloader, true)
    expect(hello.actions).toEqual(['reload', 'retry', 'release', 'revert', 'freeze', 'unfreeze', 'confirm'])
    expect(await act('reload')).toMatchObject({ status: 200, ok: true, outcome: 'unchanged' })
    await harness.put(configOf({ a: 2 }))
    expect(await act('freeze', { reason: 'looking at it', by: 'Ada' })).toEqual({ status: 200, ok: true })
    expect(harness.reloader.status().frozen).toMatchObject({ reason: 'looking at it', by: 'Ada' })
    expect(await act('reload')).toMatchObject({ status: 409, ok: false, failure: { code: 'reloader.frozen' } })
    expect(await act('revert', { by: 'Grace' })).toMatchObject({ status: 200, ok: true, outcome: 'committed' })
    expect(harness.served).toEqual({ a: 1 })
    expect(await act('unfreeze')).toEqual({ status: 200, ok: true })
    await vi.waitFor(() => expect(harness.served).toEqual({ a: 2 }), PATIENT)
    expect(await act('confirm', { transaction: 'none' })).toMatchObject({ status: 409, ok: false })
  })

  it('ends its streams when the reloader closes, and still shows the past afterwards', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }), clock: 'system' })
    const { stream, session, ...server } = await openInspector(harness.reloader)
    await harness.reloader.close()
    await vi.waitFor(() => expect(stream.raw.hasEnded).toBe(true), PATIENT)
    expect([stream.last('end'), stream.last('status').state]).toEqual([{ reason: 'reloader.closed' }, 'closed'])
    const late = await openStream(server, session)
    await vi.waitFor(() => expect(late.last('end')).toEqual({ reason: 'reloader.closed' }), PATIENT)
    expect(late.last('hello').transactions).toHaveLength(1)
  })

  it('shows the last transaction even if it was started afterwards', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }), clock: 'system' })
    const { id } = await harness.put(configOf({ a: 2 }))
    const { hello } = await openInspector(harness.reloader)
    expect(hello.current).toMatchObject({ id, modules: [{ module: 'a' }] })
  })

  it('can run beside a second one with sessions of its own', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }), clock: 'system' })
    const [one, other] = [await openInspector(harness.reloader), await openInspector(harness.reloader)]
    await one.inspected.close()
    const { id } = await harness.put(configOf({ a: 2 }))
    await vi.waitFor(
      () => expect(other.stream.last('transaction')).toMatchObject({ id, outcome: 'committed' }),
      PATIENT,
    )
  })

  it('is not started by createReloader', async () => {
    const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    const before = servers()
    const reloader = createReloader({ source: memorySource(configOf({})), schema: Config })
    onTestFinished(() => reloader.close())
    await reloader.start()
    expect(servers()).toBe(before)
  })
})

describe('A process with an inspector', () => {
  it('is kept alive neither by its server nor by open pages', async () => {
    const tcpResources = (): string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))
    await vi.waitFor(() => expect(tcpResources()).toEqual([]), PATIENT) // Waits for what other tests left.
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    const server = await startInspector({ reloader: harness.reloader })
    const { cookie } = await openLink(server)
    const socket = connect(server.port, '127.0.0.1').unref()
    socket.write(`GET ${server.path}events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${cookie}\r\n\r\n`)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk
    })
    await vi.waitFor(() => expect(text).toContain('event: hello'), PATIENT)
    await harness.put(configOf({ a: 2 }))
    await vi.waitFor(() => expect(text).toContain('event: transaction'), PATIENT)
    await vi.waitFor(() => expect(tcpResources()).toEqual([]), PATIENT)
    socket.destroy()
  })

  const run = promisify(execFile)
  const program = useBundle(`
    import { createReloader } from 'changeover'
    import { inspector } from 'changeover/inspect'
    import { memorySource } from 'changeover/testing'
    const schema = { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } }
    const reloader = createReloader({ source: memorySource({}), schema })
    await reloader.start()
    const inspected = await inspector({ reloader })
    const { port } = new URL(inspected.url)
    const stream = await fetch(inspected.url, { redirect: 'manual' })
    const cookie = stream.headers.get('set-cookie').split(';')[0]
    const events = await fetch(new URL('events', inspected.url), { headers: { cookie } })
    const reader = events.body.getReader()
    await reader.read()
    // Its own client must not keep it alive.
    if (process.argv[2] === 'reloader') reader.cancel().catch(() => {})
    await reloader.close()
    if (process.argv[2] === 'both') await inspected.close()
    console.log('closed')
  `)
  const close = (what: 'reloader' | 'both') => run(process.execPath, [program(), what], { timeout: 50_000 })

  it('ends by itself after its reloader has closed, even if the inspector was not closed', async () => {
    const { stdout } = await close('reloader')
    expect(stdout).toBe('closed\n')
  })

  it('lives until close resolves, even if nothing else keeps it alive', async () => {
    const { stdout } = await close('both')
    expect(stdout).toBe('closed\n')
  })
})
