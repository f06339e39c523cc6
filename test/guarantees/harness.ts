import { createReloader, type ReloaderOptions, systemClock, type TransactionRecord } from 'changeover'
import { createVirtualClock, memorySource, type MemorySource } from 'changeover/testing'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { type Hook, type Instance, type Ledger, scriptedCompensating, scriptedModule } from './scripted-modules.ts'

const slice = z.strictObject({ value: z.number(), note: z.string().optional() })

/** A slice for each module, absent where it is off; nobody follows `note`. */
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

/** A config in which the named modules have a value. `configOf({ a: 1, b: 2 })`. */
export const configOf = (values: Partial<Record<ModuleName, number>>, note?: string): Config => ({
  ...(note === undefined ? {} : { note }),
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
})

export interface HarnessOptions {
  /** What the source holds at the start. */
  readonly config?: Config
  /** `virtual`: time passes by `advance` alone. Default virtual. */
  readonly clock?: 'virtual' | 'system'
  readonly options?: Partial<ReloaderOptions<Config>>
  /** False where a test leaves generations unclosed on purpose. Default true: the world's end checks them. */
  readonly checkCloses?: boolean
}

/** The longest that a change waits in a storm of them, in virtual milliseconds; a lone one does not wait at all. */
export const PACED_MS = 250

/** A grown-up margin for what a real machine needs; conditions are polled, so it costs nothing. */
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
 * The order of modules, and all that a test needs around a reloader:
 *
 *     a ─► b (after a) ─┬─► d (after b, c) ─► k ─► l      k and l compensate
 *      └─► c (needs a) ─┘                      x stands alone
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

/** A reloader that has not started yet, on scripted modules. Ended with the test, whatever its state. */
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

  /** Waits for a condition: at once in virtual time, after `ms` of it; by polling in real time. */
  const until = async (condition: () => boolean, what: string, ms = 0): Promise<void> => {
    await virtual.advance(0)
    // No more time passes than it takes, give or take a step.
    const step = Math.max(1, Math.ceil(ms / 500))
    for (let spent = 0; isVirtual && !condition() && spent < ms; spent += step) await virtual.advance(step)
    if (isVirtual && !condition()) throw new Error(`${what} within ${ms} ms; state ${reloader.status().state}`)
    await expect.poll(condition, { timeout: LONG_MS, interval: 2, message: what }).toBe(true)
  }

  /** The next terminal record that nobody has taken yet; in virtual time it must come within `ms`, default at once. */
  const next = async (ms = 0): Promise<TransactionRecord> => {
    await until(() => records.length > taken, 'no record', ms)
    const record = records[taken]
    if (record === undefined) throw new Error('no record')
    taken += 1
    return record
  }

  /** Closes the reloader, in whatever state; every generation must have been closed exactly once. */
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
    /** The calls of some hooks only, or of some modules. */
    callsOf: (of: { readonly hooks?: readonly Hook[]; readonly modules?: readonly string[] }): string[] =>
      ledger.calls
        .filter(({ hook, module }) => (of.hooks?.includes(hook) ?? true) && (of.modules?.includes(module) ?? true))
        .map(({ text }) => text),
    /** Forgets the calls so far. */
    clearCalls: (): void => {
      ledger.calls.length = 0
    },
    /** What the modules serve: the value of each `current`. */
    get served(): Partial<Record<ModuleName, number>> {
      const entries = generationNames.map((name) => [name, reloader.modules[name].current?.value] as const)
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
    },
    advance: (ms: number): Promise<void> => virtual.advance(ms),
    until,
    next,
    /** Publishes a config and answers with the next record; virtual time moves on by `ms` for it. */
    put: async (next_: Config | string, ms = 0): Promise<TransactionRecord> => {
      source.put(next_)
      return next(ms)
    },
    end,
  }
}

export type Harness = ReturnType<typeof createHarness>

/** A started world; the record of its start is taken, its calls are forgotten. */
export const startHarness = async (options: HarnessOptions & { readonly config: Config }): Promise<Harness> => {
  const harness = createHarness(options)
  await harness.reloader.start()
  await harness.next(60_000) // a soak takes its time
  harness.clearCalls()
  return harness
}
