import { execFile } from 'node:child_process'
import { getEventListeners, setMaxListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { useBundle } from '../support/bundled-program.ts'
import { createRandom } from '../support/random.ts'
import { expectAccount, generationModules } from './account.ts'
import { type Config, configOf, createHarness, startHarness } from './harness.ts'

const one = configOf({ a: 1, b: 1, c: 1, k: 1, x: 1 })
const at = (value: number): Config => configOf({ a: value, b: value, c: value, k: value, x: value })

describe('G18 After close()', () => {
  it("G18 no listener is left on the user's signals, and aborting them has no effect", async () => {
    const harness = createHarness({ config: one })
    const { signal } = new AbortController()
    setMaxListeners(0, signal)
    const { reloader } = harness
    await reloader.start({ signal })
    let calls = 0
    for (let n = 0; n < 20; n++) {
      reloader.subscribe(
        (config) => config.a,
        () => {
          calls += 1
        },
        { signal },
      )
      reloader.transactions({ signal })
    }
    const unsubscribe = reloader.subscribe(
      (config) => config.a,
      () => {},
      { signal },
    )
    await harness.put(at(2))
    expect([calls, getEventListeners(signal, 'abort').length]).toEqual([20, 41])
    unsubscribe()
    const closed = reloader.close()
    await harness.advance(0)
    await closed
    expect(getEventListeners(signal, 'abort')).toEqual([])
    reloader.subscribe(
      (config) => config.a,
      () => {},
      { signal },
    )
    reloader.transactions({ signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('G18 subscriptions and streams that have ended leave nothing on a signal that lives on', async () => {
    const harness = await startHarness({ config: one })
    const { signal } = new AbortController()
    for (let n = 0; n < 50; n++) {
      harness.reloader.subscribe(
        (config) => config.a,
        () => {},
        { signal },
      )()
      await harness.reloader.transactions({ signal }).return?.()
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('G18 a running dry run has ended and is closed, and a waiting one has called no module', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.a.always('prepare', 'finish-on-abort')
    const plans = [2, 3, 4].map((value) =>
      harness.reloader.plan(JSON.stringify(at(value)), { prepare: true }).catch((error: unknown) => error),
    )
    await harness.advance(10)
    let isClosed = false
    const closed = harness.reloader.close().then(() => {
      isClosed = true
    })
    await harness.advance(300_000)
    await closed
    expect(isClosed).toBe(true)
    const calls = harness.calls.length
    await Promise.all(plans)
    await harness.advance(300_000)
    expect(harness.calls.slice(calls)).toEqual([])
    expectAccount(harness)
    expect([harness.reloader.status().modules.a?.live, harness.clock.pending()]).toEqual([0, 0])
  })

  it('G18 no timer is left, whatever was under way', async () => {
    const random = createRandom(31)
    const refused = Object.assign(new Error('scripted'), { code: 'ECONNREFUSED' })
    for (let round = 0; round < 150; round++) {
      const harness = await startHarness({
        config: one,
        options: {
          soak: 50,
          deadlines: { prepareMs: 100, applyMs: 100, checkMs: 100, closeMs: 100, readMs: 100, graceMs: 20 },
          ...(random.chance(0.3) && { confirm: { withinMs: 100_000 } }),
          ...(random.chance(0.3) && { lastKnownGood: { load: () => undefined, save: () => undefined } }),
        },
      })
      for (const name of generationModules)
        harness.modules[name].always(
          'prepare',
          () => new Promise<void>((resolve) => harness.clock.setTimeout(resolve, random.below(30))),
        )
      const burst = async (value: number): Promise<void> => {
        harness.source.put(at(value))
        await harness.advance(1)
      }
      if (random.chance(0.3)) harness.source.hangReads({ deaf: random.chance(0.5) })
      if (random.chance(0.3)) harness.source.breakWatch('source.closed')
      harness.source.put(at(2 + round))
      if (random.chance(0.3)) harness.reloader.reload().catch(() => {})
      if (random.chance(0.2)) harness.modules.x.script('prepare', () => Promise.reject(refused)) // quarantined for a time
      if (random.chance(0.2)) void harness.reloader.freeze('scripted')
      if (random.chance(0.2)) for (let value = 1_000; value < 1_020; value++) await burst(value)
      await harness.advance(random.below(120))
      const closed = harness.reloader.close()
      await harness.advance(1_000)
      await closed
      expect([
        harness.clock.pending(),
        harness.source.watches,
        generationModules.map((name) => harness.reloader.status().modules[name]?.live),
      ]).toEqual([0, 0, [0, 0, 0, 0]])
    }
  })
})

const PATIENCE_MS = 60_000
const program = useBundle(new URL('./g18-child.ts', import.meta.url))

const runChild = (
  situation: string,
): Promise<{ readonly code: unknown; readonly output: string; readonly errors: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program(), situation], { timeout: PATIENCE_MS }, (error, output, errors) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), output, errors })
    })
  })

describe('G18 A process with real timers', () => {
  it.each([
    'memory',
    'file',
    'never started',
    'a start that was rejected',
    'a start that was aborted in advance',
    'a source that hangs and ignores its signal',
    'a source that cannot be reached',
    'a prepare that hangs',
    'a soak, and a check that hangs',
    'a degraded module that waits for its repair',
    'a document that is quarantined for a time',
    'a storm that is being gathered',
    'changes that are frozen, with one waiting',
    'a change that is not confirmed',
    'a disk that hangs',
    'leases that are never released',
    'a dry run under way',
    'a close that hangs',
  ])(
    'G18 ends by itself after close(), with nothing open: %s',
    async (situation) => {
      const { code, output, errors } = await runChild(situation)
      expect([code, errors]).toEqual([0, ''])
      const { left, account, sums, state, modules } = JSON.parse(output)
      expect([left, state]).toEqual([[], 'closed'])
      expect(sums).toEqual([
        [true, 0],
        [true, 0],
        [true, 0],
      ])
      expect(account.opened).toBe(modules.pool.opened)
      expect(account.closed).toBe(modules.pool.closed)
    },
    2 * PATIENCE_MS,
  )
})
