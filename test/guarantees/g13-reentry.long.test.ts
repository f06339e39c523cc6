import { createReloader, defineApplier, type GoodStore, type Reloader, type Source } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const schema = z.strictObject({ value: z.number() })
type Config = z.infer<typeof schema>
type Service = Reloader<Config, object>

/** Every call that a service may make. What it returns is awaited where the hook is asynchronous. */
const methods: Readonly<Record<string, (reloader: Service) => unknown>> = {
  start: (reloader) => reloader.start(),
  reload: (reloader) => reloader.reload(),
  'reload by force': (reloader) => reloader.reload({ force: true }),
  refresh: (reloader) => reloader.refresh(),
  freeze: (reloader) => reloader.freeze('from a hook'),
  unfreeze: (reloader) => reloader.unfreeze(),
  revert: (reloader) => reloader.revert(),
  retry: (reloader) => reloader.retry(),
  release: (reloader) => reloader.release(),
  confirm: (reloader) => reloader.confirm(reloader.status().confirmation?.transaction ?? ''),
  plan: (reloader) => reloader.plan('{"value":9}', { prepare: true }),
  use: (reloader) => reloader.use('late', () => undefined, defineApplier({ apply: () => {} })),
  lease: (reloader) => reloader.lease(({ config }) => config.value),
  'use of a module': (reloader) => (reloader.modules as { a: { use: (task: () => number) => unknown } }).a.use(() => 1),
  status: (reloader) => reloader.status().state,
  config: (reloader) => reloader.config.value,
  subscribe: (reloader) =>
    reloader.subscribe(
      ({ value }) => value,
      () => {},
    )(),
  transactions: (reloader) => reloader.transactions().return?.(),
  close: (reloader) => reloader.close(),
}

/** Every place from which user code is called, with the number of the call that is taken, and whether it is awaited. */
const hooks = [
  ['prepare', 2, 'awaited'],
  ['commit', 2, 'plain'],
  ['rollback', 1, 'plain'],
  ['check', 2, 'awaited'],
  ['close of a generation', 1, 'awaited'],
  ['a deferred clean-up', 1, 'awaited'],
  ['apply', 2, 'awaited'],
  ['undo', 1, 'awaited'],
  ['close of a compensating module', 1, 'awaited'],
  ['a timer of the context', 1, 'plain'],
  ['an abort listener of prepare', 1, 'plain'],
  ['select', 3, 'plain'],
  ['schema', 2, 'awaited'],
  ['parse', 2, 'plain'],
  ['policy', 2, 'plain'],
  ['logger', 2, 'plain'],
  ['listener', 1, 'plain'],
  ['health check', 2, 'awaited'],
  ['inspector', 40, 'plain'],
  ['read of the source', 2, 'awaited'],
  ['an abort listener of the watch', 1, 'plain'],
  ['close of the source', 1, 'awaited'],
  ['load of the store', 1, 'awaited'],
  ['save of the store', 3, 'awaited'],
] as const
type HookName = (typeof hooks)[number][0]

const names = Object.keys(methods)

/** Hooks that are called when close() has begun, and the calls that it refuses from its first turn on. */
const endOfLife = new Set<HookName>(['an abort listener of the watch', 'close of the source'])
const refusedAtTheEnd = new Set(
  names.filter((name) => !['status', 'config', 'subscribe', 'transactions', 'close'].includes(name)),
)

/** Plays a whole life: a start, a change, a change that is rolled back, and a close. The hook makes its call once. */
const play = async (hook: HookName, method: string, takenCall: number, isAwaited: boolean) => {
  const clock = createVirtualClock()
  const inner = memorySource({ value: 1 })
  let calls = 0
  let answer: Promise<unknown> | undefined
  const state: { reloader?: Service } = {}
  const at = (name: HookName): unknown => {
    if (name !== hook || state.reloader === undefined) return undefined
    calls += 1
    if (calls !== takenCall) return undefined
    const { reloader } = state
    const call = async (): Promise<unknown> => methods[method]?.(reloader)
    answer = call().then(
      () => 'settled',
      () => 'refused',
    )
    return isAwaited ? answer : undefined
  }
  const source: Source = {
    ...inner,
    read: async (signal) => {
      await at('read of the source')
      return inner.read(signal)
    },
    watch: (after, signal) => {
      signal.addEventListener('abort', () => void at('an abort listener of the watch'))
      return inner.watch(after, signal)
    },
    close: async () => {
      await at('close of the source')
      await inner.close()
    },
  }
  const entries = new Map<string, string>()
  const lastKnownGood: GoodStore = {
    load: async (name) => {
      await at('load of the store')
      return entries.get(name)
    },
    save: async (name, text) => {
      await at('save of the store')
      entries.set(name, text)
    },
  }
  const watched = {
    '~standard': {
      ...schema['~standard'],
      validate: async (value: unknown) => {
        await at('schema')
        return schema['~standard'].validate(value)
      },
    },
  } as unknown as typeof schema
  const log = (): void => void at('logger')
  const deadlines = {
    prepareMs: 1_000,
    applyMs: 1_000,
    closeMs: 1_000,
    checkMs: 200,
    readMs: 1_000,
    validateMs: 1_000,
    persistMs: 1_000,
    graceMs: 100,
  }
  const options = {
    source,
    schema: hook === 'schema' ? watched : schema,
    clock,
    deadlines,
    lastKnownGood,
    soak: { durationMs: 1_000, intervalMs: 300, checks: [async () => void (await at('health check'))] },
    policies: [() => void at('policy')],
    parse: (text: string): unknown => {
      at('parse')
      return JSON.parse(text)
    },
    logger: { debug: log, info: log, warn: log, error: log },
    ...(hook === 'inspector' ? { inspect: () => void at('inspector') } : {}),
  }
  const reloader = createReloader<Config>(options)
    .use(
      'a',
      ({ value }) => {
        at('select')
        return value
      },
      {
        prepare: async (value: number, context) => {
          context.defer(async () => void (await at('a deferred clean-up')))
          context.signal.addEventListener('abort', () => void at('an abort listener of prepare'))
          context.clock.setTimeout(() => void at('a timer of the context'), 10)
          await at('prepare')
          if (value === 4) throw new Error('a bad value')
          if (value === 5) await new Promise(() => {})
          return {
            instance: value,
            commit: () => void at('commit'),
            rollback: () => void at('rollback'),
            check: async () => void (await at('check')),
            close: async () => void (await at('close of a generation')),
          }
        },
      },
    )
    .use(
      'k',
      ({ value }) => value,
      defineApplier<number>({
        apply: async (value, _, { direction }) => {
          await at(direction === 'forward' ? 'apply' : 'undo')
          if (value === 3 && direction === 'forward') throw new Error('a bad value')
        },
        close: async () => void (await at('close of a compensating module')),
      }),
    )
  state.reloader = reloader as unknown as Service
  reloader.subscribe(
    ({ value }) => value,
    () => void at('listener'),
  )
  const started = reloader.start().catch(() => {})
  await clock.advance(3_000)
  for (const value of [2, 3, 4, 5]) {
    inner.put({ value })
    await clock.advance(3_000)
  }
  let isClosed = false
  const closing = reloader.close().then(() => {
    isClosed = true
  })
  for (let waited = 0; waited < 60 && !isClosed; waited += 1) await clock.advance(1_000)
  expect(isClosed, 'close() must end').toBe(true)
  await Promise.all([started, closing])
  return { calls, answer, status: reloader.status() }
}

test.each(hooks)('Every public method may be called from %s', async (hook, takenCall, kind) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
  })
  for (const method of names) {
    const { calls, answer, status } = await play(hook, method, takenCall, kind === 'awaited')
    expect(calls, `${method} was called`).toBeGreaterThanOrEqual(takenCall)
    const result = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 5_000, 'never settled'))])
    expect([method, result]).toEqual([method, expect.stringMatching(/^settled$|^refused$/)])
    const isRefused = endOfLife.has(hook) && refusedAtTheEnd.has(method)
    if (isRefused) expect([method, result]).toEqual([method, 'refused'])
    expect(status.state).toBe('closed')
  }
  expect(unhandled).toEqual([])
})
