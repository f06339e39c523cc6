import type { Engine } from '../engine/engine.ts'
import { isInSync } from '../intake/source-watcher.ts'
import { isSameRevision } from '../model/revision.ts'
import { goodStatus } from '../safety/good-history.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ModuleStatus, ReloaderStatus } from '../api/status.ts'
import type { Slot } from '../modules/slot.ts'
import type { ServingStore } from '../modules/serving-store.ts'

/** All that an operator may see: names, revisions, counts; no config value. */
export const statusOf = (engine: Engine, store: ServingStore): ReloaderStatus => {
  const { degraded } = engine.context
  const isDegraded = new Set(degraded)
  const isClosed = engine.state.state === 'closed'
  const serving = shown(store.snapshot)
  const lastKnownGood = shown(engine.executor.lastKnownGood)
  const { last, counters } = engine.journal
  return {
    ...engine.state,
    ...(serving === undefined ? {} : { serving }),
    ...(lastKnownGood === undefined ? {} : { lastKnownGood: lastKnownGood }),
    goodHistory: engine.safety.goodHistory.goods.map(goodStatus),
    ...safetyStatus(engine, store),
    inSync: isInSync(serving?.revision, engine.follower.revision),
    degraded,
    source: engine.follower.status,
    modules: Object.fromEntries(
      [...store.slots].map(([name, slot]) => [
        name,
        moduleStatus(slot, isClosed ? 'closed' : stateOf(slot, isDegraded)),
      ]),
    ),
    counters,
    ...(last === undefined ? {} : { last }),
  }
}

const safetyStatus = (engine: Engine, store: ServingStore) => {
  const { safety, admission, executor } = engine
  const staleSince = store.snapshot === undefined ? undefined : staleSinceOf(engine)
  const { frozen } = safety
  const newest = admission.newest?.revision
  const waiting = isSameRevision(newest, store.snapshot?.revision) ? undefined : newest
  return {
    ...(staleSince === undefined ? {} : { stale: { since: staleSince } }),
    ...(frozen === undefined || !admission.isFrozen
      ? {}
      : { frozen: { reason: frozen.reason, since: frozen.since, ...(waiting === undefined ? {} : { waiting }) } }),
    ...(engine.awaitsConfirmation && executor.confirmLeftMs > 0
      ? { confirmation: { transaction: executor.transaction.id, until: executor.confirmUntil } }
      : {}),
    quarantine: safety.quarantine.active.map(({ build: _, ...shownOf }) => shownOf),
    ...(safety.keeper === undefined ? {} : { persistence: safety.keeper.status() }),
  }
}

/** Since when what serves has not been compared with the source; undefined while the source is followed. */
const staleSinceOf = ({ follower, restore }: Engine): number | undefined => {
  const { state, verifiedAt } = follower.status
  if (state === 'closed') return undefined
  if (verifiedAt === undefined) return restore.provedAt
  return state === 'backing-off' || state === 'connecting' ? verifiedAt : undefined
}

const shown = (snapshot: Snapshot | undefined) =>
  snapshot === undefined ? undefined : { revision: snapshot.revision, digest: snapshot.digest }

const stateOf = ({ name, slice }: Slot, degraded: ReadonlySet<string>): ModuleStatus['state'] => {
  if (degraded.has(name)) return 'degraded'
  return slice === undefined ? 'off' : 'serving'
}

const moduleStatus = (slot: Slot, state: ModuleStatus['state']): ModuleStatus => ({
  after: slot.definition.after,
  state,
  opened: slot.opened,
  closed: slot.closed,
  live: slot.live,
  leaked: slot.leaked,
})
