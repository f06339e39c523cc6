import { type Clock, createReloader, defineApplier, type Source } from 'changeover'
import { observationOf } from '../../src/api/internal/observation.ts'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const Config = z.strictObject({ value: z.number() })

const createService = (at: (hook: string) => void) => {
  const virtual = createVirtualClock()
  const clock: Clock = {
    ...virtual,
    now: () => {
      at('now of the clock')
      return virtual.now()
    },
    setTimeout: (callback, ms) => {
      at('setTimeout of the clock')
      return virtual.setTimeout(callback, ms)
    },
  }
  const memory = memorySource({ value: 1 })
  const source: Source = {
    ...memory,
    watch: async function* (after, signal) {
      at('start of the watch')
      try {
        for await (const event of memory.watch(after, signal)) {
          at('event of the watch')
          yield event
        }
      } finally {
        at('end of the watch')
      }
    },
  }
  const random = () => {
    at('random')
    return 0.5
  }
  let hasStarted = false
  const checks = [
    async (_config: unknown, signal: AbortSignal) => {
      signal.addEventListener('abort', () => at('abort listener of a check'))
      // It hangs once the first config serves, so that it is aborted at its deadline.
      if (hasStarted) await new Promise(() => {})
    },
  ]
  const deadlines = { checkMs: 200, graceMs: 50 }
  const soak = { durationMs: 500, intervalMs: 100, checks }
  const reloader = createReloader({ source, schema: Config, clock, random, soak, deadlines }).use(
    'a',
    ({ value }) => value,
    {
      prepare: (value: number) => ({ instance: value }),
    },
  )
  observationOf(reloader).observe(() => at('observer of events'))
  observationOf(reloader).observeMachines(() => at('observer of machines'))
  const noteStarted = (): void => {
    hasStarted = true
  }
  return { virtual, memory, reloader, noteStarted }
}

type Service = ReturnType<typeof createService>['reloader']

const methods: Readonly<Record<string, (reloader: Service) => unknown>> = {
  close: (reloader) => reloader.close(),
  freeze: (reloader) => reloader.freeze('from a hook'),
  lease: (reloader) => reloader.lease(() => 1),
  plan: (reloader) => reloader.plan('{"value":9}', { prepare: true }),
  use: (reloader) => reloader.use('late', () => undefined, defineApplier({ apply: () => {} })),
  reload: (reloader) => reloader.reload(),
  revert: (reloader) => reloader.revert(),
}

const hooks = [
  'now of the clock',
  'setTimeout of the clock',
  'random',
  'start of the watch',
  'event of the watch',
  'end of the watch',
  'abort listener of a check',
  'observer of events',
  'observer of machines',
  'selector of a subscription',
  'lease',
  'use of a module',
  'loop over the transactions',
] as const

test.each(hooks)('G13 every call of a method from the %s ends, and so does close()', async (hook) => {
  for (const [method, call] of Object.entries(methods)) {
    let isArmed = false
    let answer: Promise<string> | undefined
    const at = (name: string): void => {
      if (name !== hook || !isArmed) return
      isArmed = false
      const make = async (): Promise<unknown> => call(service.reloader)
      answer = make().then(
        () => 'settled',
        () => 'refused',
      )
    }
    const service = createService(at)
    const { virtual, memory, reloader, noteStarted } = service
    isArmed = hook === 'start of the watch'
    const started = reloader.start().catch(() => undefined)
    await virtual.advance(2_000)
    await started
    noteStarted()
    if (hook !== 'start of the watch') isArmed = true
    const work = [
      reloader.lease(() => at('lease')),
      reloader.modules.a.use(() => at('use of a module')),
      (async () => {
        for await (const _ of reloader.transactions()) at('loop over the transactions')
      })(),
    ].map((each) => Promise.resolve(each).catch(() => undefined))
    reloader.subscribe(
      ({ value }) => {
        at('selector of a subscription')
        return value
      },
      () => {},
    )
    memory.put({ value: 2 })
    await virtual.advance(250)
    memory.put({ value: 3 })
    await virtual.advance(5_000)
    const closed = reloader.close().then(() => 'closed')
    await virtual.advance(120_000)
    await Promise.all(work)
    expect([method, await closed, isArmed, await answer]).toEqual([
      method,
      'closed',
      false,
      expect.stringMatching(/^settled$|^refused$/),
    ])
    expect(virtual.pending()).toBe(0)
  }
})
