import { createReloader, type ReloaderOptions, systemClock, type TransactionRecord } from 'changeover'
import { createVirtualClock, memorySource, type MemorySource } from 'changeover/testing'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { type Hook, type Instance, type Ledger, scriptedCompensating, scriptedModule } from './scripted-modules.ts'

const slice = z.strictObject({ value: z.number(), note: z.string().optional() })

/** The config: a slice for each module, absent if the module is off; no module uses `note`. */
export const Config = z.strictObject({
  note: z.string().optional(),
  a: slice.optional(),
  b: slice.optional(),
  c: slice.optional(),
  d: slice.optional(),
  x: slice.optional(),
  k: slice.optional(),
  l: slice.optional(),
})
export type Config = z.infer<typeof Config>

const generationNames = ['a', 'b', 'c', 'd', 'x'] as const
const names = [...generationNames, 'k', 'l'] as const
export type ModuleName = (typeof names)[number]

/** Makes a config in which the named modules have a value, as in `configOf({ a: 1, b: 2 })`. */
export const configOf = (values: Partial<Record<ModuleName, number>>, note?: string): Config => ({
  ...(note === undefined ? {} : { note }),
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
})

export interface HarnessOptions {
  /** What the source holds at the start. */
  readonly config?: Config
  /** With `virtual`, time passes only by `advance`. Default virtual. */
  readonly clock?: 'virtual' | 'system'
  readonly options?: Partial<ReloaderOptions<Config>>
  /**
   * False if a test leaves generations open on purpose; by default the end checks that all are closed. Default true.
   */
  readonly checkCloses?: boolean
}

/** The longest time that a change of a storm waits, in virtual milliseconds; a single change does not wait. */
export const PACED_MS = 250

/** A generous limit for a slow machine; conditions are polled, so it costs no time. */
const LONG_MS = 20_000

const modulesOf = (ledger: Ledger) => ({
  a: scriptedModule('a', ledger),
  b: scriptedModule('b', ledger),
  c: scriptedModule<{ readonly a: Instance | undefined }>('c', ledger),
  d: scriptedModule('d', ledger),
  x: scriptedModule('x', ledger),
  k: scriptedCompensating('k', ledger),
  l: scriptedCompensating('l', ledger),
})

/**
 * Registers the modules in this order of dependencies:
 *
 *     a ─► b (after a) ─┬─► d (after b, c) ─► k ─► l      k and l are compensating
 *      └─► c (needs a) ─┘                      x is independent
 */
const assemble = (options: ReloaderOptions<Config>, { a, b, c, d, x, k, l }: ReturnType<typeof modulesOf>) =>
  createReloader<Config>(options)
    .use('a', (config) => config.a, a.applier)
    .use('b', (config) => config.b, b.applier, { after: ['a'] })
    .use('c', (config) => config.c, c.applier, { needs: { a: 'a' } })
    .use('d', (config) => config.d, d.applier, { after: ['b', 'c'] })
    .use('x', (config) => config.x, x.applier)
    .use('k', (config) => config.k, k.applier, { after: ['d'] })
    .use('l', (config) => config.l, l.applier, { after: ['k'] })

/** Creates a reloader on scripted modules, not started yet. It ends with the test, whatever its state. */
export const createHarness = ({
  config,
  clock: kind = 'virtual',
  options,
  checkCloses = true,
}: HarnessOptions = {}) => {
  const source: MemorySource = memorySource(config)
  const virtual = createVirtualClock()
  const isVirtual = kind === 'virtual'
  const ledger: Ledger = { calls: [], effects: {} }
  const modules = modulesOf(ledger)
  const clock = isVirtual ? virtual : systemClock
  const reloader = assemble({ source, schema: Config, clock, ...options }, modules)
  const records: TransactionRecord[] = []
  let taken = 0

  const collect = async (): Promise<void> => {
    for await (const record of reloader.transactions()) records.push(record)
  }
  void collect()

  /** Waits for a condition: for at most `ms` of virtual time, or by polling in real time. */
  const until = async (condition: () => boolean, what: string, ms = 0): Promise<void> => {
    await virtual.advance(0)
    // Time passes in small steps, so that hardly more passes than necessary.
    const step = Math.max(1, Math.ceil(ms / 500))
    for (let spent = 0; isVirtual && !condition() && spent < ms; spent += step) await virtual.advance(step)
    if (isVirtual && !condition()) throw new Error(`${what} within ${ms} ms; state ${reloader.status().state}`)
    await expect.poll(condition, { timeout: LONG_MS, interval: 2, message: what }).toBe(true)
  }

  /** Takes the next terminal record; in virtual time it must arrive within `ms`, by default at once. */
  const next = async (ms = 0): Promise<TransactionRecord> => {
    await until(() => records.length > taken, 'no record', ms)
    const record = records[taken]
    if (record === undefined) throw new Error('no record')
    taken += 1
    return record
  }

  /** Closes the reloader in whatever state, and checks that every generation was closed exactly once. */
  const end = async (): Promise<void> => {
    source.heal()
    for (const name of names) modules[name].heal()
    const closed = reloader.close()
    if (isVirtual) await virtual.advance(10 * 60_000)
    await closed
    await virtual.advance(0)
    if (!checkCloses) return
    const closes = generationNames.flatMap((name) =>
      modules[name].made.map((one) => `${name}${one.generation}: ${one.closes}`),
    )
    expect(closes, 'closes of each generation').toEqual(closes.map((line) => line.replace(/: .*/, ': 1')))
  }
  onTestFinished(end)

  return {
    reloader,
    source,
    modules,
    clock: virtual,
    effects: ledger.effects,
    /** Every terminal record so far. */
    records,
    /** Every call of a module's code so far, as `commit a2`. */
    get calls(): string[] {
      return ledger.calls.map(({ text }) => text)
    },
    /** Lists the calls of some hooks or some modules. */
    callsOf: (of: { readonly hooks?: readonly Hook[]; readonly modules?: readonly string[] }): string[] =>
      ledger.calls
        .filter(({ hook, module }) => (of.hooks?.includes(hook) ?? true) && (of.modules?.includes(module) ?? true))
        .map(({ text }) => text),
    /** Forgets the calls so far. */
    clearCalls: (): void => {
      ledger.calls.length = 0
    },
    /** The value of each module's `current`. */
    get served(): Partial<Record<ModuleName, number>> {
      const entries = generationNames.map((name) => [name, reloader.modules[name].current?.value] as const)
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
    },
    advance: (ms: number): Promise<void> => virtual.advance(ms),
    until,
    next,
    /** Publishes a config and takes the next record; virtual time may pass by `ms` for it. */
    put: async (next_: Config | string, ms = 0): Promise<TransactionRecord> => {
      source.put(next_)
      return next(ms)
    },
    end,
  }
}

export type Harness = ReturnType<typeof createHarness>

/** Creates and starts a reloader; takes the record of the start, and forgets its calls. */
export const startHarness = async (options: HarnessOptions & { readonly config: Config }): Promise<Harness> => {
  const harness = createHarness(options)
  await harness.reloader.start()
  await harness.next(60_000) // a soak takes time
  harness.clearCalls()
  return harness
}
