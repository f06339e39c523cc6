import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HealthOptions, health } from 'changeover/health'
import { describe, expect, it, onTestFinished } from 'vitest'
import { configOf, createHarness, startHarness } from '../guarantees/harness.ts'
import { secret, secretsIn } from '../support/secrets.ts'

/** Serves the probes of a reloader until the end of the test; returns how to ask them. */
const serve = async (reloader: object, options?: HealthOptions) => {
  const probes = health(reloader, options)
  const server = createServer(probes.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { probes, ask }
}

describe('The probes', () => {
  it('are live always, and ready from the first commit until the close begins', async () => {
    const { reloader, source, modules, advance } = createHarness({ config: configOf({ a: 1 }) })
    const { probes, ask } = await serve(reloader)
    const statuses = async () => [(await ask('/live')).status, (await ask('/ready')).status]
    expect(await statuses()).toEqual([200, 503])
    source.failReads('source.unreachable')
    void reloader.start()
    await advance(1_000)
    expect(await statuses()).toEqual([200, 503])
    source.heal()
    await advance(10_000)
    expect(await statuses()).toEqual([200, 200])
    modules.a.script('close', 'deaf')
    const closed = reloader.close()
    expect(probes.ready()).toBe(false)
    expect(await statuses()).toEqual([200, 503])
    modules.a.release()
    await advance(60_000)
    await closed
    expect([probes.live(), ...(await statuses())]).toEqual([true, 200, 503])
  })

  it('answer 20 × 200 when twenty instances get one bad document', async () => {
    for (const bad of ['{', { a: { value: 'text' } }, configOf({ a: 2 })]) {
      const instances = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const harness = await startHarness({ config: configOf({ a: 1 }) })
          harness.modules.a.always('prepare', 'reject')
          return { harness, ...(await serve(harness.reloader)) }
        }),
      )
      for (const { harness } of instances) await harness.put(bad as string)
      const answers = await Promise.all(instances.map(({ ask }) => ask('/ready')))
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
      expect(new Set(instances.map(({ harness }) => harness.reloader.status().state))).not.toContain('committed')
    }
  })

  it('stay ready through everything else that goes wrong later', async () => {
    const options = { soak: { durationMs: 100, intervalMs: 20 } }
    const { reloader, source, modules, advance } = createHarness({ config: configOf({ a: 1, k: 1, l: 1 }), options })
    const probes = health(reloader)
    void reloader.start()
    await advance(1_000)
    const steps: Readonly<Record<string, () => unknown>> = {
      'a source that is down': () => {
        source.failReads('source.unreachable')
        source.breakWatch('source.unreachable')
      },
      'a source without a document': () => {
        source.heal()
        source.delete()
      },
      'a failed check': () => {
        modules.a.script('check', 'reject')
        source.put(configOf({ a: 2, k: 1, l: 1 }))
      },
      'a freeze': () => reloader.freeze('x'),
      'the end of the freeze': () => reloader.unfreeze(),
      'a degraded service': () => {
        modules.k.always('undo', 'reject')
        modules.l.always('apply', 'reject')
        source.put(configOf({ a: 3, k: 2, l: 2 }))
      },
    }
    for (const [what, step] of Object.entries(steps)) {
      void step()
      for (const ms of [1, 50, 5_000]) {
        await advance(ms)
        expect(probes.ready(), `${what}, after ${ms} ms`).toBe(true)
      }
    }
    expect(reloader.status().counters.degraded).toBeGreaterThan(0)
  })

  it('are not ready after a first config that was rolled back', async () => {
    const { reloader, modules } = createHarness({ config: configOf({ a: 1 }) })
    const probes = health(reloader)
    modules.a.script('prepare', 'reject')
    await expect(reloader.start()).rejects.toThrow('module.prepare-failed')
    expect(probes.ready()).toBe(false)
  })

  it('show the details, and no config value', async () => {
    const { reloader, modules, put } = await startHarness({ config: configOf({ a: 1 }, secret('note')) })
    const { probes, ask } = await serve(reloader)
    expect(probes.details()).toEqual({
      ready: true,
      state: 'committed',
      since: expect.any(Number),
      revision: '1',
      degraded: [],
    })
    modules.a.script('prepare', () => Promise.reject(new Error(secret('cause'))))
    await put(configOf({ a: 2 }, secret('next')))
    const { text, headers } = await ask('/ready?verbose')
    expect(JSON.parse(text)).toMatchObject({
      state: 'rolled-back',
      revision: '1',
      waiting: { revision: '2', reason: 'quarantine', until: expect.any(Number) },
    })
    expect(secretsIn(text)).toEqual([])
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('answer HEAD, refuse other methods, and do not know other paths', async () => {
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    const { probes, ask } = await serve(reloader)
    expect(await ask('/ready', 'HEAD')).toMatchObject({ status: 200, text: '' })
    expect((await ask('/live', 'POST')).status).toBe(405)
    for (const path of ['/', '/ready/x', '/LIVE', '/readyz']) expect((await ask(path)).status).toBe(404)
    let passed = 0
    probes.handler({ url: '/other', method: 'GET' } as never, { on: () => {} } as never, () => {
      passed += 1
    })
    expect(passed).toBe(1)
  })

  it('turn unready by unreadyWhen alone, and never by its error', async () => {
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    let isUnready: unknown = false
    const probes = health(reloader, {
      unreadyWhen: ({ state }) => ((isUnready === 'throw' ? fail() : isUnready) as boolean) && state !== '',
    })
    const fail = (): never => {
      throw new Error('no')
    }
    expect(probes.ready()).toBe(true)
    isUnready = true
    expect(probes.ready()).toBe(false)
    isUnready = 'throw'
    expect(probes.ready()).toBe(true)
    const promised = health(reloader, { unreadyWhen: (async () => true) as never })
    expect(promised.ready()).toBe(true)
  })

  it.each([
    ['an unknown option', { unreadyIf: () => true }],
    ['a value instead of a function', { unreadyWhen: true }],
  ])('refuse %s', async (_, options) => {
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    expect(() => health(reloader, options as never)).toThrow(/reloader\.invalid-option/)
    expect(() => health({})).toThrow(/reloader\.invalid-option/)
  })
})
