import { AsyncLocalStorage } from 'node:async_hooks'
import { createReloader, defineApplier, type ReloaderOptions } from 'changeover'
import { timer } from 'changeover/appliers'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'

interface Config {
  readonly n: number
  readonly intervalMs: number
}

const request = new AsyncLocalStorage<string>()
const PATIENCE_MS = 20_000
const ignore = (): void => {}

/** Makes a reloader in the context `service`; each piece of its user code notes the context that it runs in. */
const make = (
  options: Partial<ReloaderOptions<Config>> = {},
  run = <T>(create: () => T): T => request.run('service', create),
) => {
  const seen = new Map<string, Set<string | undefined>>()
  const note = (place: string): void => {
    const contexts = seen.get(place) ?? new Set()
    seen.set(place, contexts.add(request.getStore()))
  }
  let isBroken = false
  const source = memorySource({ n: 0, intervalMs: 1 })
  const create = () =>
    createReloader<Config>({
      source: {
        name: 'memory',
        endpoint: 'memory',
        read: (signal) => {
          note('read')
          return source.read(signal)
        },
        watch: (after, signal) => {
          note('watch')
          return source.watch(after, signal)
        },
        close: () => {
          note('source close')
          return source.close()
        },
      },
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value) => {
            note('schema')
            return { value: value as Config }
          },
        },
      },
      policies: [() => note('policy')],
      soak: { durationMs: 2, intervalMs: 1, checks: [() => note('health check')] },
      quarantine: { minMs: 1, maxMs: 2 },
      ...options,
    })
      .use('main', (config) => config.n, {
        prepare: (n: number, { clock, defer }) => {
          note('prepare')
          clock.setTimeout(() => note('timer'), 1)
          defer(() => note('defer'))
          if (isBroken) throw new Error('scripted')
          return {
            instance: n,
            commit: () => note('commit') as undefined,
            rollback: () => note('rollback') as undefined,
            check: async () => note('check'),
            close: async () => note('close'),
          }
        },
      })
      .use(
        'ticks',
        (config) => config,
        timer(() => note('tick')),
      )
      .use(
        'last',
        (config) => config.n,
        defineApplier<number>({ apply: () => note('apply'), close: () => note('compensating close') }),
      )
  const reloader = run(create)
  onTestFinished(() => reloader.close())
  reloader.subscribe(
    (config) => config.n,
    () => note('listener'),
  )
  return {
    reloader,
    source,
    seen,
    fail: () => {
      isBroken = true
    },
    heal: () => {
      isBroken = false
    },
    /** Every context in which user code ran, but for `service`, by place. */
    strangers: () =>
      [...seen].flatMap(([place, contexts]) =>
        [...contexts].filter((one) => one !== 'service').map((one) => `${place}: ${one}`),
      ),
  }
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { timeout: PATIENCE_MS, interval: 2 }).toBe(true)

describe('the async context of a transaction', () => {
  it('is that of createReloader, whoever starts, publishes, reloads, freezes, reverts, plans and closes', async () => {
    const { reloader, source, seen, strangers } = make()
    await request.run('start', () => reloader.start())
    const settled = (n: number): Promise<void> =>
      until(() => reloader.config.n === n && reloader.status().state === 'committed')
    await settled(0)
    request.run('put', () => source.put({ n: 1, intervalMs: 1 }))
    await settled(1)
    source.put({ n: 2, intervalMs: 1 })
    await request.run('reload', () => reloader.reload())
    await settled(2)
    await request.run('plan', () => reloader.plan('{ "n": 90, "intervalMs": 1 }', { prepare: true }))
    await request.run('revert', () => reloader.revert())
    await settled(1)
    await request.run('unfreeze', () => reloader.unfreeze())
    await request.run('freeze', () => reloader.freeze('test'))
    source.put({ n: 3, intervalMs: 1 })
    await request.run('unfreeze', () => reloader.unfreeze())
    await settled(3)
    await until(() => seen.has('tick') && seen.has('timer'))
    await request.run('close', () => reloader.close())
    expect(strangers()).toEqual([])
    const places =
      'apply,check,close,commit,compensating close,health check,listener,policy,prepare,read,schema,source close,tick,timer,watch'
    expect([...seen.keys()].sort().join()).toBe(places)
  })

  it('is that of createReloader for a retry, a release and a confirmation', async () => {
    const { reloader, source, seen, strangers, fail, heal } = make({ confirm: { withinMs: 60_000 } })
    await request.run('start', () => reloader.start())
    const retry = (): Promise<unknown> => request.run('retry', () => reloader.retry()).catch(ignore)
    fail()
    source.put({ n: 1, intervalMs: 1 })
    await until(() => reloader.status().counters['rolled-back'] > 0)
    await retry()
    await request.run('release', () => reloader.release()).catch(ignore)
    heal()
    void retry()
    await until(() => reloader.status().confirmation !== undefined)
    await request.run('confirm', () => reloader.confirm(reloader.status().confirmation?.transaction ?? ''))
    expect(reloader.config.n).toBe(1)
    expect([...seen.keys()]).toContain('defer')
    expect(strangers()).toEqual([])
  })

  it('is that of the caller for the tasks of a lease and a use', async () => {
    const { reloader } = make()
    await reloader.start()
    await request.run('caller', async () => {
      expect(await reloader.modules.main.use(() => request.getStore())).toBe('caller')
      expect(await reloader.lease(() => request.getStore())).toBe('caller')
      await reloader.reload()
      expect(request.getStore()).toBe('caller')
    })
  })

  it('is empty for a reloader that was created outside of any', async () => {
    const { reloader, seen } = make({}, (create) => request.exit(create))
    await request.run('start', () => reloader.start())
    await request.run('close', () => reloader.close())
    expect([...(seen.get('prepare') ?? []), ...(seen.get('close') ?? [])]).toEqual([undefined, undefined])
  })
})
