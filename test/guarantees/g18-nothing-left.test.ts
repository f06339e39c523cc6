import { execFile } from 'node:child_process'
import { getEventListeners, setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../model/random-json.ts'
import type { Behaviour } from './scripted-modules.ts'
import { type Config, configOf, createHarness, PACED_MS, startHarness, type Harness } from './harness.ts'

const one = configOf({ a: 1, b: 1, c: 1, k: 1, x: 1 })
const at = (value: number): Config => configOf({ a: value, b: value, c: value, k: value, x: value })
const generationModules = ['a', 'b', 'c', 'x'] as const

/** What the modules themselves have counted, beside what the reloader says of them. */
const expectAccount = ({ reloader, modules }: Harness): void => {
  for (const name of generationModules) {
    const { opened, closed, live, leaked } = reloader.status().modules[name] ?? {
      opened: 0,
      closed: 0,
      live: 0,
      leaked: 0,
    }
    const { made } = modules[name]
    const begun = made.filter(({ closes }) => closes > 0).length
    expect([name, opened, opened - closed - leaked]).toEqual([name, made.length, live])
    expect([name, made.every(({ closes }) => closes <= 1)]).toEqual([name, true])
    // Closed and leaked ones were asked to close; a live one serves, is staged, or is on its way out.
    expect([name, closed + leaked <= begun]).toEqual([name, true])
    expect([name, made.length - begun <= live]).toEqual([name, true])
  }
}

describe('G18 Opened = closed + live + leaked', () => {
  it.each([21, 22, 23])(
    'G18 for every module, at every moment of a random load, and after it all is closed; seed %i',
    async (seed) => {
      const random = createRandom(seed)
      const harness = await startHarness({
        config: one,
        options: {
          soak: 200,
          deadlines: { prepareMs: 100, checkMs: 50, closeMs: 100, applyMs: 100, leaseMs: 50, graceMs: 20 },
          repair: { minMs: 20, maxMs: 100 },
        },
      })
      const { modules, reloader, source } = harness
      for (let round = 0; round < 600; round++) {
        const name = random.pick(generationModules)
        const behaviour = random.pick<Behaviour>(['throw', 'reject', 'heed', 'finish-on-abort', 'deaf', 'garbage'])
        if (random.chance(0.4))
          modules[name].script(random.pick(['prepare', 'commit', 'rollback', 'check', 'close', 'cleanup']), behaviour)
        if (random.chance(0.1)) modules.k.script(random.pick(['apply', 'undo']), behaviour)
        if (random.chance(0.6)) source.put(random.chance(0.2) ? configOf({ a: round }) : at(round))
        if (random.chance(0.1)) void reloader.plan(JSON.stringify(at(round + 1)), { prepare: true })
        if (random.chance(0.1))
          void reloader.lease(() => new Promise<void>((resolve) => harness.clock.setTimeout(resolve, random.upTo(200))))
        if (random.chance(0.05)) for (const healed of generationModules) modules[healed].heal()
        await harness.advance(random.upTo(150))
        expectAccount(harness)
      }
      for (const healed of [...generationModules, 'k'] as const) modules[healed].heal()
      source.put(at(9_999))
      await harness.advance(600_000)
      expectAccount(harness)
      expect(harness.served).toEqual({ a: 9_999, b: 9_999, c: 9_999, x: 9_999 })
      const { modules: accounts } = reloader.status()
      expect(generationModules.map((name) => accounts[name]?.live)).toEqual([1, 1, 1, 1])
      const closed = reloader.close()
      await harness.advance(60_000)
      await closed
      expectAccount(harness)
      const { modules: after } = reloader.status()
      expect(generationModules.map((name) => after[name]?.live)).toEqual([0, 0, 0, 0])
      expect([harness.clock.pending(), source.watches]).toEqual([0, 0])
    },
  )

  it('G18 a close that fails is a leak, told once; one that ends late is none any more', async () => {
    const harness = await startHarness({ config: one, options: { deadlines: { closeMs: 100 } } })
    harness.modules.a.script('close', 'reject')
    harness.modules.x.script('close', 'deaf')
    await harness.put(at(2))
    await harness.advance(200)
    const { a, x } = harness.reloader.status().modules
    expect(a).toMatchObject({ opened: 2, closed: 0, live: 1, leaked: 1 })
    expect(x).toMatchObject({ opened: 2, closed: 0, live: 1, leaked: 1 })
    expect(harness.reloader.status().counters.reported).toBe(2)
    harness.modules.x.release()
    await harness.advance(0)
    expect(harness.reloader.status().modules.x).toMatchObject({ opened: 2, closed: 1, live: 1, leaked: 0 })
  })

  it('G18 a module that is switched off and on, and one whose generations all failed, are accounted for too', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    for (let round = 0; round < 10; round++) {
      await harness.put(configOf({ a: 1, x: round }), PACED_MS)
      await harness.put(configOf({ a: 1 }), PACED_MS)
    }
    harness.modules.b.always('commit', 'throw')
    for (let round = 0; round < 10; round++) await harness.put(configOf({ a: 1, b: round }), PACED_MS)
    const { b, x } = harness.reloader.status().modules
    expect([x?.opened, x?.closed, x?.live, x?.state]).toEqual([10, 10, 0, 'off'])
    expect([b?.opened, b?.closed, b?.live, b?.leaked]).toEqual([10, 10, 0, 0])
  })
})

describe('G18 After close()', () => {
  it('G18 no listener of ours is left on the signals of the user, nor do they still do anything', async () => {
    const harness = createHarness({ config: one })
    const { signal } = new AbortController()
    setMaxListeners(0, signal)
    const { reloader } = harness
    await reloader.start({ signal })
    let told = 0
    for (let n = 0; n < 20; n++) {
      reloader.subscribe(
        (config) => config.a,
        () => {
          told += 1
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
    expect([told, getEventListeners(signal, 'abort').length]).toEqual([20, 41])
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

  it('G18 a dry run that was under way has ended and is closed; one that waited has called nobody', async () => {
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

  it('G18 in the middle of anything, no timer is left', async () => {
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
          () => new Promise<void>((resolve) => harness.clock.setTimeout(resolve, random.upTo(30))),
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
      await harness.advance(random.upTo(120))
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
const childPath = fileURLToPath(new URL('./g18-child.ts', import.meta.url))

const runChild = (
  situation: string,
): Promise<{ readonly code: unknown; readonly output: string; readonly errors: string }> =>
  new Promise((resolve) => {
    const args = ['--import', 'tsx', childPath, situation]
    execFile(process.execPath, args, { timeout: PATIENCE_MS }, (error, output, errors) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), output, errors })
    })
  })

describe('G18 A process with real timers', () => {
  it.each([
    'memory',
    'file',
    'never started',
    'a start that was refused',
    'a start that was aborted before',
    'a source that hangs and heeds nothing',
    'a source that cannot be reached',
    'a prepare that hangs',
    'a soak, and a check that hangs',
    'a degraded module that waits for its repair',
    'a quarantined document that waits for its time',
    'a storm that is being gathered',
    'changes that are frozen, and one that waits',
    'a change that nobody confirms',
    'a disk that hangs',
    'leases that are never given back',
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
