import {
  type Applier,
  type Clock,
  createReloader,
  defineApplier,
  systemClock,
  type TransactionRecord,
} from 'changeover'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'

/** Where a version fails; `none` for a good one. */
export const failures = ['none', 'prepare', 'commit', 'check', 'apply'] as const
export type FailureKind = (typeof failures)[number]

const Slice = z.strictObject({ version: z.number(), fails: z.enum(failures) })
const Config = z.strictObject({ version: z.number(), one: Slice, two: Slice, three: Slice, four: Slice, last: Slice })
type Slice = z.infer<typeof Slice>

const moduleNames = ['one', 'two', 'three', 'four'] as const
type Name = (typeof moduleNames)[number]

interface Stamp {
  readonly version: number
  closes: number
}

/** Makes the config of a version that fails in one module, or in none. */
const documentOf = (version: number, kind: FailureKind, where: Name) => {
  const slice = (name: string): Slice => ({ version, fails: name === where ? kind : 'none' })
  const last: Slice = { version, fails: kind === 'apply' ? 'apply' : 'none' }
  return { version, one: slice('one'), two: slice('two'), three: slice('three'), four: slice('four'), last }
}

const throwIf = (isFailing: boolean): void => {
  if (isFailing) throw new Error('scripted')
}

/** A soak of one turn of the event loop: long enough to be observed, short enough for 10,000 of them. */
const soak = { durationMs: 0.1 }
/** The quiet time after which changes no longer count as a storm: also one turn. */
const QUIET_MS = 20
const clock: Clock = {
  ...systemClock,
  setTimeout: (callback, ms) => (ms <= QUIET_MS ? setImmediate(callback) : systemClock.setTimeout(callback, ms)),
  clearTimeout: (handle) => {
    clearImmediate(handle as NodeJS.Immediate)
    systemClock.clearTimeout(handle)
  },
}

/** Creates a module whose generations carry their version; every commit also writes it into a side effect. */
const stampedApplier = (
  name: Name,
  effects: Map<Name, number>,
  made: Stamp[],
  disturb: () => void,
): Applier<Slice, Stamp> => ({
  prepare: async ({ version, fails }) => {
    disturb()
    await Promise.resolve()
    throwIf(fails === 'prepare')
    const instance: Stamp = { version, closes: 0 }
    made.push(instance)
    let before: number | undefined
    return {
      instance,
      commit: () => {
        disturb()
        before = effects.get(name)
        effects.set(name, version) // a commit that throws leaves it half-done
        throwIf(fails === 'commit')
      },
      rollback: () => {
        disturb()
        if (before !== undefined) effects.set(name, before)
      },
      check: async () => {
        disturb()
        throwIf(fails === 'check')
      },
      close: async () => {
        disturb()
        instance.closes++
      },
    }
  },
})

/** Creates a service of four modules and a compensating one, in which readers detect a mix by comparing versions. */
export const createStampedService = (disturb: () => void) => {
  const source = memorySource(documentOf(1, 'none', 'one'))
  const effects = new Map<Name, number>()
  const made: Stamp[] = []
  const stamped = (name: Name) => stampedApplier(name, effects, made, disturb)
  const last = defineApplier<Slice>({
    apply: async ({ fails }, _previous, { direction }) => {
      disturb()
      throwIf(fails === 'apply' && direction === 'forward')
    },
  })
  const reloader = createReloader({ source, schema: Config, soak, clock })
    .use('one', (config) => config.one, stamped('one'))
    .use('two', (config) => config.two, stamped('two'), { after: ['one'] })
    .use('three', (config) => config.three, stamped('three'), { after: ['one'] })
    .use('four', (config) => config.four, stamped('four'), { after: ['two', 'three'] })
    .use('last', (config) => config.last, last, { after: ['four'] })
  const records: AsyncIterator<TransactionRecord> = reloader.transactions()

  return {
    reloader,
    made,
    /** Lists everything that a reader can see in this turn. */
    seen: (): number[] => [
      reloader.config.version,
      reloader.config.four.version,
      ...moduleNames.map((name) => reloader.modules[name].current.version),
      ...effects.values(),
    ],
    /** Publishes a version and waits for its record. */
    publish: async (version: number, kind: FailureKind): Promise<TransactionRecord> => {
      await new Promise((resolve) => setImmediate(resolve))
      source.put(documentOf(version, kind, moduleNames[version % moduleNames.length] ?? 'one'))
      const { value } = await records.next()
      return value
    },
    start: async (): Promise<void> => {
      await reloader.start()
      await records.next()
    },
  }
}
