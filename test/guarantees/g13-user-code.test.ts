import { execFile } from 'node:child_process'
import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { useBundle } from '../support/bundled-program.ts'
import { misdeeds } from './misdeeds.ts'
import { places } from './spoiled-service.ts'
import { Config, configOf, startHarness } from './harness.ts'

const PATIENCE_MS = 240_000
const program = useBundle(new URL('./g13-child.ts', import.meta.url))

interface Ended {
  readonly code: number | string | null
  readonly lines: readonly string[]
  readonly errors: string
}

const runChild = (): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program()], { timeout: PATIENCE_MS, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? null), lines: stdout.trimEnd().split('\n'), errors: stderr })
    })
  })

describe('G13 No error in user code ends the process or stops the watch', () => {
  it(
    `G13 whatever user code does in ${places.length} places, the process lives, the next good change arrives, and the close ends`,
    async () => {
      const { code, lines, errors } = await runChild()
      expect(lines.filter((line) => !line.endsWith(': ok'))).toEqual(['done'])
      expect(lines.length).toBe(places.length * Object.keys(misdeeds).length + 1)
      expect([code, errors]).toEqual([0, ''])
    },
    PATIENCE_MS,
  )
})

describe('G13 What user code throws', () => {
  const one = configOf({ a: 1 })

  it('G13 in a listener is reported, and the other listeners are called nevertheless', async () => {
    const harness = await startHarness({ config: one })
    const received: unknown[] = []
    const { reloader } = harness
    reloader.subscribe(
      (config) => config.a?.value,
      (next) => received.push(next),
    )
    reloader.subscribe(
      (config) => config.a?.value,
      () => {
        throw new Error('scripted')
      },
    )
    reloader.subscribe(
      (config) => config.a?.value,
      async () => {
        throw new Error('scripted')
      },
    )
    reloader.subscribe(
      (config) => config.a?.value,
      (next, previous, { direction }) => received.push([next, previous, direction]),
    )
    expect(await harness.put(configOf({ a: 2 }))).toMatchObject({ outcome: 'committed' })
    expect(received).toEqual([2, [2, 1, 'forward']])
    expect(reloader.status().counters.reported).toBe(2)
  })

  it('G13 in a lease or a use reaches only its caller, and the lease has ended', async () => {
    const harness = await startHarness({ config: one })
    const thrown = new Error('scripted')
    const fail = (): never => {
      throw thrown
    }
    await expect(harness.reloader.lease(fail)).rejects.toBe(thrown)
    await expect(harness.reloader.modules.a.use(fail)).rejects.toBe(thrown)
    await harness.put(configOf({ a: 2 }))
    expect(harness.modules.a.made.map(({ closes }) => closes)).toEqual([1, 0])
  })

  it('G13 in a consumer of the records ends only that consumer', async () => {
    const harness = await startHarness({ config: one })
    const consuming = (async () => {
      for await (const record of harness.reloader.transactions()) throw new Error(record.outcome)
    })()
    const consumed = expect(consuming).rejects.toThrow('committed')
    await harness.put(configOf({ a: 2 }))
    await consumed
    expect(await harness.put(configOf({ a: 3 }))).toMatchObject({ outcome: 'committed' })
  })

  it('G13 in the options of a rejected start leaves nothing that rejects later', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    for (const isAborted of [false, true]) {
      const controller = new AbortController()
      if (isAborted) controller.abort()
      const reloader = createReloader({ source: memorySource(one), schema: Config, clock: createVirtualClock() })
      await expect(reloader.start({ signal: controller.signal, deadlineMs: Number.NaN })).rejects.toThrow(
        'reloader.invalid-option',
      )
      controller.abort()
      await new Promise((resolve) => setImmediate(resolve))
      await reloader.close()
    }
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})

describe('G13 A hang', () => {
  it('G13 of every hook at once does not stop the watch: when it is over, the newest change arrives', async () => {
    const harness = await startHarness({ config: configOf({ a: 1, b: 1, k: 1 }), options: { soak: 100 } })
    for (const name of ['a', 'b'] as const) {
      for (const hook of ['prepare', 'check', 'close', 'cleanup'] as const) harness.modules[name].always(hook, 'deaf')
    }
    for (const hook of ['apply', 'undo', 'close'] as const) harness.modules.k.always(hook, 'deaf')
    for (let value = 2; value <= 6; value++) {
      harness.source.put(configOf({ a: value, b: value, k: value }))
      await harness.advance(50_000)
    }
    for (const name of ['a', 'b', 'k'] as const) harness.modules[name].heal()
    harness.source.put(configOf({ a: 9, b: 9, k: 9 }))
    await harness.advance(200_000)
    expect([harness.served, harness.effects.k, harness.reloader.status().state]).toEqual([
      { a: 9, b: 9 },
      9,
      'committed',
    ])
  })
})
