import type { ModuleStatus, QuarantineStatus, ReloaderStatus, SourceStatus, WaitReason } from '../api/status.ts'
import { pastTime, wallTimeOf } from '../async/wall-time.ts'
import type { Engine } from '../engine/engine.ts'
import { codeTable, isErrorCode } from '../model/error-codes.ts'
import type { TransactionRecord } from '../model/record.ts'
import { isNewer, isSameRevision, type Revision } from '../model/revision.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Slot } from '../modules/slot.ts'
import type { Quarantined } from '../persistence/persisted-state.ts'
import { goodStatus } from '../safety/good-history.ts'
import type { Settings } from '../settings/settings.ts'

type Parts = Pick<Engine, 'machine' | 'executor' | 'followUps' | 'intake' | 'restore' | 'safety' | 'recorder'>

type StatusDeps = Parts & {
  readonly store: ServingStore
  /** The wall-clock time. It may have been set back since something happened. */
  readonly now: number
}

/** All that an operator may see: names, revisions, counts; no config value. */
export const statusOf = (
  { machine, executor, followUps, intake, restore, safety, recorder }: Parts,
  { clock, idPrefix: id, build }: Pick<Settings, 'clock' | 'idPrefix' | 'build'>,
  store: ServingStore,
): ReloaderStatus => {
  const now = clock.now()
  const deps = { machine, executor, followUps, intake, restore, safety, recorder, store, now }
  const restartPending = followUps.pending
  const { state, since, context } = machine
  const serving = shown(store.snapshot)
  const lastKnownGood = shown(executor.lastKnownGood)
  const source = sourceStatus(intake.status, now)
  const isNewest = serving !== undefined && source.revision !== undefined && !isNewer(source.revision, serving.revision)
  return {
    id,
    ...(build === '' ? {} : { build }),
    state,
    since: pastTime(since, now),
    ...(serving === undefined ? {} : { serving }),
    ...(lastKnownGood === undefined ? {} : { lastKnownGood }),
    goodHistory: safety.goodHistory.goods.map((good) => goodStatus(good, now)),
    ...staleStatus(source, deps),
    ...waitingStatus(deps),
    ...frozenStatus(deps),
    ...(restartPending === undefined ? {} : { restartPending }),
    ...confirmationStatus(deps),
    quarantine: safety.quarantine.active.map(quarantineStatus),
    ...(safety.persistenceStatus === undefined ? {} : { persistence: safety.persistenceStatus }),
    inSync: isNewest && !intake.isInDoubt,
    degraded: context.degraded,
    source,
    modules: moduleStatuses(store, context.degraded, state === 'closed'),
    counters: recorder.counters,
    ...(recorder.last === undefined ? {} : { last: recorder.last }),
  }
}

const quarantineStatus = ({ build: _, until, ...entry }: Quarantined): QuarantineStatus => {
  const { code, causeCode } = entry
  const what = isErrorCode(code) ? codeTable[code].what : code // another version may have written it
  return {
    ...entry,
    reason: causeCode === undefined ? what : `${what} (${causeCode})`,
    ...(until === undefined ? {} : { nextTryAt: until }),
  }
}

const sourceStatus = ({ since, verifiedAt, ...status }: SourceStatus, now: number): SourceStatus => ({
  ...status,
  since: pastTime(since, now),
  ...(verifiedAt === undefined ? {} : { verifiedAt: pastTime(verifiedAt, now) }),
})

/** Since when what serves has not been compared with the source; absent while the source is followed. */
const staleStatus = (
  { state, verifiedAt }: SourceStatus,
  { restore, store, now }: StatusDeps,
): Pick<ReloaderStatus, 'stale'> => {
  if (state === 'closed' || store.snapshot === undefined) return {}
  const isLost = state === 'backing-off' || state === 'connecting'
  const since = verifiedAt === undefined ? restore.provedAt : isLost ? verifiedAt : undefined
  return since === undefined ? {} : { stale: { since: pastTime(since, now) } }
}

/** The newest document, if it does not serve and is not being tried, and what it waits for. */
const waitingStatus = ({
  machine,
  intake,
  safety,
  executor,
  followUps,
  store,
  recorder,
}: StatusDeps): Pick<ReloaderStatus, 'waiting'> => {
  const { context, state } = machine
  const newest = intake.newest?.revision
  const waits = (revision: Revision, reason: WaitReason, until?: number): Pick<ReloaderStatus, 'waiting'> => ({
    waiting: { revision, reason, ...(until === undefined ? {} : { until }) },
  })
  if (state === 'closed' || newest === undefined) return {}
  if (intake.isFrozen) return isSameRevision(newest, store.snapshot?.revision) ? {} : waits(newest, 'freeze')
  const { untried, waiting, seen } = context
  if (!isSameRevision(newest, seen)) return isNewer(newest, seen) ? waits(newest, 'storm') : {}
  if (waiting.candidate !== undefined) {
    const { revision } = waiting.candidate
    if (state === 'confirming') return waits(revision, 'confirmation', executor.confirmUntil)
    return waits(revision, state === 'soaking' ? 'soak' : 'transaction')
  }
  if (isSameRevision(followUps.held, newest)) return waits(newest, 'restart')
  if (isSameRevision(heldForBuild(recorder.last), newest)) return waits(newest, 'build')
  if (untried === undefined) return {}
  if (untried.until === 'settled') return waits(untried.candidate.revision, 'module')
  const entry = safety.quarantine.active.find(({ digest }) => digest === safety.untriedDigest)
  return waits(untried.candidate.revision, 'quarantine', entry?.until)
}

const heldForBuild = (record: TransactionRecord | undefined): Revision | undefined =>
  record !== undefined && 'failures' in record && record.failures[0].code === 'document.held'
    ? record.revision
    : undefined

const frozenStatus = ({ intake, safety, store }: StatusDeps): Pick<ReloaderStatus, 'frozen'> => {
  const { frozen } = safety
  if (frozen === undefined || !intake.isFrozen) return {}
  const { reason, by, since } = frozen
  const newest = intake.newest?.revision
  const waiting = isSameRevision(newest, store.snapshot?.revision) ? undefined : newest
  const who = by === undefined ? {} : { by }
  return { frozen: { reason, ...who, since, ...(waiting === undefined ? {} : { waiting }) } }
}

const confirmationStatus = ({ machine, executor, now }: StatusDeps): Pick<ReloaderStatus, 'confirmation'> => {
  const { confirmLeftMs: leftMs, confirmUntil, transaction } = executor
  if (!machine.awaitsConfirmation || leftMs <= 0) return {}
  return { confirmation: { transaction: transaction.id, until: wallTimeOf(confirmUntil, leftMs, now) } }
}

const shown = (snapshot: Snapshot | undefined) =>
  snapshot === undefined ? undefined : { revision: snapshot.revision, digest: snapshot.digest }

const moduleStatuses = (
  { slots }: ServingStore,
  degraded: readonly string[],
  isClosed: boolean,
): ReloaderStatus['modules'] => {
  const isDegraded = new Set(degraded)
  const stateOf = ({ name, slice }: Slot): ModuleStatus['state'] => {
    if (isClosed) return 'closed'
    if (isDegraded.has(name)) return 'degraded'
    return slice === undefined ? 'off' : 'serving'
  }
  return Object.fromEntries(
    [...slots].map(([name, slot]) => {
      const { opened, closed, live, leaked } = slot
      return [name, { after: slot.definition.after, state: stateOf(slot), opened, closed, live, leaked }]
    }),
  )
}
