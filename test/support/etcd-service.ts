import {
  type Applier,
  createReloader,
  type ReloaderOptions,
  type SourceState,
  type TransactionRecord,
} from 'changeover'
import { etcdSource, type EtcdSourceOptions } from 'changeover/etcd'
import { z } from 'zod'
import { observeSource, type SourceHooks } from './observed-source.ts'

/** Any document with a number. Under a prefix, numbers are text. */
const Config = z.looseObject({ n: z.coerce.number() })
type Config = z.infer<typeof Config>

export interface ServiceOptions extends Partial<ReloaderOptions<Config>> {
  /** Awaited by each prepare. */
  readonly preparing?: () => Promise<void>
}

/** A state of the source as `status` showed it, with the code of the last error. */
export interface SeenState {
  readonly state: SourceState
  readonly cause?: string
}

/** A real reloader with a real source, and a log of what they did. */
export interface Service {
  readonly reloader: ReturnType<typeof createTrackedReloader>
  readonly hooks: SourceHooks
  /** Starts it; `hasStarted` is true after the first commit. */
  readonly start: () => void
  readonly hasStarted: () => boolean
  readonly failedStart: () => unknown
  /** The number that serves; undefined before the first commit. */
  readonly serving: () => number | undefined
  readonly records: readonly TransactionRecord[]
  /** The numbers that were committed, in order. */
  readonly applied: readonly number[]
  readonly states: readonly SeenState[]
  readonly reads: () => number
  readonly watches: () => number
  readonly answers: () => { readonly count: number; readonly at: number }
  /** Closes it, and returns everything that was wrong, whatever etcd did. */
  readonly end: (allowedReads?: number) => Promise<readonly string[]>
}

/** The unhandled rejections and uncaught exceptions of the whole process. */
const unhandled: string[] = []
const noteError = (error: unknown): void => void unhandled.push(`unhandled: ${String(error)}`)
process.on('unhandledRejection', noteError).on('uncaughtExceptionMonitor', noteError)

const tracker = (preparing: () => Promise<void>, applied: number[]): Applier<Config, number> => ({
  prepare: async ({ n }) => {
    await preparing()
    return { instance: n, commit: () => void applied.push(n), close: async () => undefined }
  },
})

const createTrackedReloader = (options: ReloaderOptions<Config>, preparing: () => Promise<void>, applied: number[]) =>
  createReloader(options).use('tracker', (config) => config as Config, tracker(preparing, applied))

/** Orders must rise within a lineage, names must be new, and no lineage may return. */
const orderErrors = (records: readonly TransactionRecord[]): readonly string[] => {
  const wrong: string[] = []
  const left = new Set<string>()
  let before: TransactionRecord['revision']
  for (const { revision, epoch, outcome } of records) {
    if (revision === undefined) continue
    const isRising = revision.order > (before?.order ?? -1) && revision.name !== before?.name
    const isSame = before !== undefined && before.lineage === revision.lineage
    if (before !== undefined && !isSame) left.add(before.lineage)
    const isWrong = isSame ? !isRising : left.has(revision.lineage)
    if (isWrong) wrong.push(`${epoch} ${outcome}: ${JSON.stringify(revision)} after ${JSON.stringify(before)}`)
    before = revision
  }
  return wrong
}

/** Creates a service without starting it. */
export const createService = (from: EtcdSourceOptions, options: ServiceOptions = {}): Service => {
  const { preparing = async () => undefined, ...rest } = options
  // Other tests of the process may have left some on purpose.
  const unhandledBefore = unhandled.length
  const states: SeenState[] = []
  const applied: number[] = []
  const observed = observeSource(etcdSource(from), () => sample())
  const reloader = createTrackedReloader({ source: observed.source, schema: Config, ...rest }, preparing, applied)
  const records: TransactionRecord[] = []
  let hasStarted = false
  let failedStart: unknown
  let startedAt = 0

  const sample = (): void => {
    const { state, lastError } = reloader.status().source
    const last = states.at(-1)
    if (last?.state === state && last.cause === lastError?.code) return
    states.push(lastError === undefined ? { state } : { state, cause: lastError.code })
  }
  const sampling = setInterval(sample, 5)
  const collecting = (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()

  const check = (allowedReads: number): readonly string[] => {
    const wrong = [...orderErrors(records), ...unhandled.slice(unhandledBefore)]
    const seconds = (performance.now() - startedAt) / 1_000
    const bound = 2 * seconds + allowedReads
    if (observed.reads() > bound) wrong.push(`${observed.reads()} reads in ${seconds.toFixed(1)} s`)
    const { opened, closed, live, leaked } = reloader.status().modules.tracker ?? {}
    if (opened !== closed || live !== 0 || leaked !== 0) wrong.push(`${opened} opened, ${closed} closed, ${live} live`)
    const failed = records.filter(({ outcome }) => ['rolled-back', 'degraded'].includes(outcome))
    return [...wrong, ...failed.map(({ epoch, outcome }) => `${epoch} ${outcome}`)]
  }

  return {
    reloader,
    hooks: observed.hooks,
    records,
    applied,
    states,
    start: () => {
      startedAt = performance.now()
      reloader.start().then(
        () => {
          hasStarted = true
        },
        (error: unknown) => {
          failedStart = error
        },
      )
    },
    hasStarted: () => hasStarted,
    failedStart: () => failedStart,
    serving: () => (reloader.status().serving === undefined ? undefined : reloader.config.n),
    reads: observed.reads,
    watches: observed.watches,
    answers: observed.answers,
    end: async (allowedReads = 20) => {
      clearInterval(sampling)
      await reloader.close()
      await collecting
      return check(allowedReads)
    },
  }
}
