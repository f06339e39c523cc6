import {
  type Applier,
  createReloader,
  type ReloaderOptions,
  type SourceState,
  type TransactionRecord,
} from 'changeover'
import { etcdSource, type EtcdSourceOptions } from 'changeover/etcd'
import { z } from 'zod'
import { observe, type Hooks } from './etcd-observed.ts'

/** Any document with a number in it; below a prefix numbers are text. */
const Config = z.looseObject({ n: z.coerce.number() })
type Config = z.infer<typeof Config>

export interface ServiceOptions extends Partial<ReloaderOptions<Config>> {
  /** Awaited by each prepare. */
  readonly preparing?: () => Promise<void>
}

/** A state of the watch machine as `status` showed it, with the last error's code. */
export interface SeenState {
  readonly state: SourceState
  readonly cause?: string
}

/** A real reloader on a real source, and an account of what they did. */
export interface Service {
  readonly reloader: ReturnType<typeof make>
  readonly hooks: Hooks
  /** Begins; `hasStarted` tells when the first commit has come. */
  readonly start: () => void
  readonly hasStarted: () => boolean
  readonly failedStart: () => unknown
  /** The number that serves; undefined before the first commit. */
  readonly serving: () => number | undefined
  readonly records: readonly TransactionRecord[]
  /** The numbers that were committed, in that order. */
  readonly applied: readonly number[]
  readonly states: readonly SeenState[]
  readonly reads: () => number
  readonly watches: () => number
  readonly answers: () => { readonly count: number; readonly at: number }
  /** Closes it. What was not as it must be, whatever etcd did; empty where all was well. */
  readonly end: (allowedReads?: number) => Promise<readonly string[]>
}

const problems: string[] = []
const note = (error: unknown): void => void problems.push(`unhandled: ${String(error)}`)
process.on('unhandledRejection', note).on('uncaughtExceptionMonitor', note)

/** Unhandled rejections and uncaught exceptions of the whole process. */
const unhandled = (): readonly string[] => problems

const tracker = (preparing: () => Promise<void>, applied: number[]): Applier<Config, number> => ({
  prepare: async ({ n }) => {
    await preparing()
    return { instance: n, commit: () => void applied.push(n), close: async () => undefined }
  },
})

const make = (options: ReloaderOptions<Config>, preparing: () => Promise<void>, applied: number[]) =>
  createReloader(options).use('tracker', (config) => config as Config, tracker(preparing, applied))

/** Orders rise within a lineage, names are new, and a lineage that was left is left for good. */
const wrongOrder = (records: readonly TransactionRecord[]): readonly string[] => {
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

/** Makes a service that has not begun yet. */
export const createService = (from: EtcdSourceOptions, options: ServiceOptions = {}): Service => {
  const { preparing = async () => undefined, ...rest } = options
  const states: SeenState[] = []
  const applied: number[] = []
  const observed = observe(etcdSource(from), () => sample())
  const reloader = make({ source: observed.source, schema: Config, ...rest }, preparing, applied)
  const records: TransactionRecord[] = []
  let hasStarted = false
  let failedStart: unknown
  let began = 0

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
    const wrong = [...wrongOrder(records), ...unhandled()]
    const seconds = (performance.now() - began) / 1_000
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
      began = performance.now()
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
