import type { Engine } from './engine.ts'
import type { ModuleStatus, ReloaderStatus } from './face.ts'
import { isInSync } from './follower.ts'
import type { Snapshot } from './snapshot.ts'
import type { Slot } from './store/slot.ts'
import type { Store } from './store/store.ts'

/** All that an operator may see: names, revisions, counts; no config value. */
export const statusOf = (engine: Engine, store: Store): ReloaderStatus => {
  const { degraded } = engine.context
  const isDegraded = new Set(degraded)
  const isClosed = engine.state.state === 'closed'
  const serving = shown(store.snapshot)
  const lastGood = shown(engine.lastGood)
  const { last, counters } = engine.journal
  return {
    ...engine.state,
    ...(serving === undefined ? {} : { serving }),
    ...(lastGood === undefined ? {} : { lastGood }),
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
