import PQueue from 'p-queue'
import { cancelOnAbort } from '../async/abort.ts'
import { sleep, withDeadline } from '../async/deadline.ts'
import { type Failure, type FailurePlace, failure } from '../model/failure.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import type { ModuleWork } from '../transaction/transaction.ts'
import type { ApplyDeps } from './deadlines.ts'

export interface SoakResult {
  /** False too if the signal has aborted, which is no verdict. */
  readonly hasHeld: boolean
  /** Of the round that ended the soak. */
  readonly failures: readonly Failure[]
}

interface Check {
  readonly place: FailurePlace
  readonly checkMs: number
  readonly graceMs: number
  readonly run: (signal: AbortSignal) => Promise<void> | void
}

/** Calls all checks, round after round, until the soak is over or has failed: at once first, and at its very end last. */
export const soak = async (
  store: ServingStore,
  deps: ApplyDeps,
  { durationMs, intervalMs, failureThreshold, checks }: Settings['soak'],
  work: ModuleWork,
  signal: AbortSignal,
): Promise<SoakResult> => {
  const { clock } = deps
  const until = clock.monotonic() + durationMs
  const called = [...moduleChecks(store, deps), ...healthChecks(store, deps, checks)]
  let failedRounds = 0
  while (!signal.aborted) {
    const failures = await callAll(called, deps, work, signal)
    if (signal.aborted) break
    failedRounds = failures.length > 0 ? failedRounds + 1 : 0
    if (failedRounds >= failureThreshold) return { hasHeld: false, failures }
    const leftMs = until - clock.monotonic()
    // After a failed round below the threshold the soak goes on: it ends with a good one.
    if (leftMs <= 0 && failedRounds === 0) return { hasHeld: true, failures: [] }
    await sleep(clock, leftMs > 0 ? Math.min(intervalMs, leftMs) : intervalMs, signal)
  }
  return { hasHeld: false, failures: [] }
}

/** The checks of generations that have not soaked yet: a module that did not change is not called. */
const moduleChecks = (store: ServingStore, { deadlines }: ApplyDeps): Check[] =>
  [...store.slots.values()].flatMap(({ serving, definition }) => {
    const generation = serving?.generation
    if (generation?.check === undefined || serving?.hasSoaked === true) return []
    const { checkMs, graceMs } = deadlines.of(definition)
    const run: Check['run'] = (signal) => generation.check?.(signal)
    return [{ place: { module: definition.name, phase: 'check' }, checkMs, graceMs, run }]
  })

const healthChecks = (store: ServingStore, { deadlines }: ApplyDeps, checks: Settings['soak']['checks']): Check[] => {
  const { checkMs, graceMs } = deadlines.defaults
  const config = store.snapshot?.config as object
  return checks.map((check) => ({
    place: { phase: 'check' },
    checkMs,
    graceMs,
    run: (signal) => check(config, signal),
  }))
}

const callAll = async (
  checks: readonly Check[],
  deps: ApplyDeps,
  work: ModuleWork,
  signal: AbortSignal,
): Promise<Failure[]> => {
  const queue = new PQueue({ concurrency: deps.concurrency })
  const calls = checks.map((check) =>
    queue.add(async () => (signal.aborted ? undefined : callOne(check, deps, work, signal))),
  )
  return (await Promise.all(calls)).filter((failed) => failed !== undefined)
}

const callOne = async (
  { place, checkMs, graceMs, run }: Check,
  { clock, guards, report }: ApplyDeps,
  work: ModuleWork,
  signal: AbortSignal,
): Promise<Failure | undefined> => {
  const end = place.module === undefined ? undefined : work.timings.start(place.module, 'check')
  const onListenerError =
    place.module === undefined
      ? (error: unknown): void => report(failure('listener.failed', { phase: 'check' }, error))
      : guards.of(place.module).report
  const limits = { clock, deadlineMs: checkMs, graceMs, onListenerError }
  const call = withDeadline((context) => run(context.signal), limits)
  const ended = await cancelOnAbort(call, signal)
  end?.(ended.kind)
  const at = { ...place, ...work.revision }
  switch (ended.kind) {
    case 'done':
    case 'cancelled':
      return undefined
    case 'failed':
      return failure(place.module === undefined ? 'health.failed' : 'module.check-failed', at, ended.error)
    case 'timed-out':
      return failure('module.check-timeout', { ...at, detail: `${checkMs} ms` })
  }
}
