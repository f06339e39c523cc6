import type { Engine } from './engine.ts'
import { isInSync, type SourceStatus } from './follower.ts'
import type { Counters } from './journal.ts'
import type { Failure } from './model/errors.ts'
import type { TransactionRecord } from './model/record.ts'
import { isSameRevision, type Revision } from './model/revision.ts'
import { type GoodStatus, goodStatus } from './safety/history.ts'
import type { QuarantineStatus } from './safety/quarantine.ts'
import type { Snapshot } from './snapshot.ts'
import type { Slot } from './store/slot.ts'
import type { Store } from './store/store.ts'

/** The account of one module. `opened = closed + live + leaked`, always. */
export interface ModuleStatus {
  readonly after: readonly string[]
  readonly state: 'serving' | 'off' | 'degraded' | 'closed'
  /** Generations made so far. */
  readonly opened: number
  readonly closed: number
  /** Serving, staged or draining. */
  readonly live: number
  /** Generations whose close failed or does not end. */
  readonly leaked: number
}

export interface ReloaderStatus {
  /** The reload machine's state: at rest, the answer to how the last reload went. */
  readonly state: string
  /** Wall-clock time of entering it. */
  readonly since: number
  /** What serves; absent before the first commit. */
  readonly serving?: { readonly revision: Revision; readonly digest: string }
  /** The last snapshot that has passed its soak. */
  readonly lastGood?: { readonly revision: Revision; readonly digest: string }
  /** The good documents that `revert` can return to, newest first. */
  readonly history: readonly GoodStatus[]
  /**
   * Present while the source cannot be read: what serves has not been compared with it since then (wall-clock time);
   * where it was restored from the disk, since it was kept.
   */
  readonly stale?: { readonly since: number }
  /** Present while changes are held. */
  readonly frozen?: { readonly reason: string; readonly since: number; readonly waiting?: Revision }
  /** Present while a transaction holds only once `confirm` is called with its id, until then (wall-clock time). */
  readonly confirmation?: { readonly transaction: string; readonly until: number }
  /** Configs that are not tried again for now. */
  readonly quarantine: readonly QuarantineStatus[]
  /** Where a store is given: when it was last written, and what keeps it from being written now. */
  readonly persistence?: { readonly lastSavedAt?: number; readonly lastError?: Failure }
  /** True where what serves is the newest document that the source has shown. */
  readonly inSync: boolean
  /** Modules that may not serve the config; empty unless `state` is `degraded`. */
  readonly degraded: readonly string[]
  readonly source: SourceStatus
  readonly modules: Readonly<Record<string, ModuleStatus>>
  readonly counters: Counters
  /** The record of the last transaction. */
  readonly last?: TransactionRecord
}

/** All that an operator may see: names, revisions, counts; no config value. */
export const statusOf = (engine: Engine, store: Store): ReloaderStatus => {
  const { degraded } = engine.context
  const isDegraded = new Set(degraded)
  const isClosed = engine.state.state === 'closed'
  const serving = shown(store.snapshot)
  const lastGood = shown(engine.hands.lastGood)
  const { last, counters } = engine.journal
  return {
    ...engine.state,
    ...(serving === undefined ? {} : { serving }),
    ...(lastGood === undefined ? {} : { lastGood }),
    history: engine.safety.history.goods.map(goodStatus),
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

const safetyStatus = (engine: Engine, store: Store) => {
  const { safety, admission, hands } = engine
  const staleSince = store.snapshot === undefined ? undefined : staleSinceOf(engine)
  const { frozen } = safety
  const newest = admission.newest?.revision
  const waiting = isSameRevision(newest, store.snapshot?.revision) ? undefined : newest
  return {
    ...(staleSince === undefined ? {} : { stale: { since: staleSince } }),
    ...(frozen === undefined || !admission.isFrozen
      ? {}
      : { frozen: { reason: frozen.reason, since: frozen.since, ...(waiting === undefined ? {} : { waiting }) } }),
    ...(engine.awaitsWord ? { confirmation: { transaction: hands.transaction.id, until: hands.confirmUntil } } : {}),
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
