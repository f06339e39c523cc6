import PQueue from 'p-queue'
import { type DeadlineCall, withDeadline, sleep } from '../async/deadline.ts'
import { type Failure, type FailurePlace, failure } from '../model/failure.ts'
import type { Settings } from '../settings/settings.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { ApplyDeps } from './deadlines.ts'
import type { Transaction } from '../transaction/transaction.ts'

interface Check {
  readonly place: FailurePlace
  readonly checkMs: number
  readonly graceMs: number
  readonly run: (signal: AbortSignal) => Promise<void> | void
}

/**
 * Asks all checks, again and again, until the soak is over or has failed: the first round at once, the last at its
 * very end. True where it held; false too when the signal aborts, which is no verdict.
 */
export const soak = async (
  store: ServingStore,
  runtime: ApplyDeps,
  { durationMs, intervalMs, failureThreshold, checks }: Settings['soak'],
  transaction: Transaction,
  signal: AbortSignal,
): Promise<boolean> => {
  const { clock } = runtime
  const until = clock.monotonic() + durationMs
  const asked = [...moduleChecks(store, runtime), ...healthChecks(store, runtime, checks)]
  let failedRounds = 0
  while (!signal.aborted) {
    const failures = await askAll(asked, runtime, transaction, signal)
    if (signal.aborted) return false
    failedRounds = failures.length > 0 ? failedRounds + 1 : 0
    if (failedRounds >= failureThreshold) {
      transaction.failures.push(...failures)
      return false
    }
    const leftMs = until - clock.monotonic()
    // A failed round that has not reached the threshold is no proof: the soak ends with a good one.
    if (leftMs <= 0 && failedRounds === 0) return true
    await sleep(clock, leftMs > 0 ? Math.min(intervalMs, leftMs) : intervalMs, signal)
  }
  return false
}

/** Those of the generations that have not passed a soak yet: a module that did not change is not called. */
const moduleChecks = (store: ServingStore, runtime: ApplyDeps): Check[] =>
  [...store.slots.values()].flatMap(({ serving, definition }) => {
    const generation = serving?.generation
    if (generation?.check === undefined || serving?.hasSoaked === true) return []
    const { checkMs, graceMs } = runtime.deadlinesOf(definition)
    const run: Check['run'] = (signal) => generation.check?.(signal)
    return [{ place: { module: definition.name, phase: 'check' }, checkMs, graceMs, run }]
  })

const healthChecks = (store: ServingStore, runtime: ApplyDeps, checks: Settings['soak']['checks']): Check[] => {
  const { checkMs, graceMs } = runtime.deadlines
  const config = store.snapshot?.config as object
  return checks.map((check) => ({
    place: { phase: 'check' },
    checkMs,
    graceMs,
    run: (signal) => check(config, signal),
  }))
}

const askAll = async (
  checks: readonly Check[],
  runtime: ApplyDeps,
  transaction: Transaction,
  signal: AbortSignal,
): Promise<Failure[]> => {
  const queue = new PQueue({ concurrency: runtime.concurrency })
  const calls = new Set<DeadlineCall<void>>()
  const cancel = (): void => {
    for (const call of calls) call.cancel()
  }
  signal.addEventListener('abort', cancel)
  const answers = await Promise.all(
    checks.map((check) =>
      queue.add(async () =>
        signal.aborted ? undefined : askOne(check, runtime, transaction, (call) => calls.add(call)),
      ),
    ),
  )
  signal.removeEventListener('abort', cancel)
  return answers.filter((answer) => answer !== undefined)
}

const askOne = async (
  { place, checkMs, graceMs, run }: Check,
  { clock }: ApplyDeps,
  transaction: Transaction,
  onCall: (call: DeadlineCall<void>) => void,
): Promise<Failure | undefined> => {
  const end = place.module === undefined ? undefined : transaction.time(place.module, 'check')
  const call = withDeadline((bounds) => run(bounds.signal), { clock, deadlineMs: checkMs, graceMs })
  onCall(call)
  const ended = await call.result
  end?.(ended.kind)
  const where = { ...place, ...transaction.revision }
  switch (ended.kind) {
    case 'done':
    case 'cancelled':
      return undefined
    case 'failed':
      return failure(place.module === undefined ? 'health.failed' : 'module.check-failed', where, ended.error)
    case 'timed-out':
      return failure('module.check-timeout', { ...where, detail: `${checkMs} ms` })
  }
}
