import type { PlanReport } from '../api/call-options.ts'
import type { InspectedParts } from '../api/internal/inspected.ts'
import type { Engine } from '../engine/engine.ts'
import { changeoverError } from '../model/failure.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import { effectiveConfig } from './effective-config.ts'
import type { Explain } from './explain.ts'

interface InspectedDeps {
  readonly settings: Pick<Settings, 'service'>
  readonly engine: Pick<Engine, 'builder' | 'safety'>
  readonly store: ServingStore
  readonly explain: Explain
  readonly plan: (document: string) => Promise<PlanReport>
}

/** Collects what the inspector shows besides the status. Nothing is worked out before a page asks. */
export const inspectedParts = ({ settings, engine, store, explain, plan }: InspectedDeps): InspectedParts => ({
  service: settings.service,
  followers: () =>
    [...store.slots.values()].map(({ name, compensates, definition: { select } }) => ({
      name,
      select,
      way: compensates ? 'in place' : 'replaced',
    })),
  holds: () => {
    const { routes, ...leases } = store.leases()
    const counts = [...store.slots.values()].map(({ name, draining }) => [name, draining] as const)
    return { leases, routes, draining: Object.fromEntries(counts.filter(([, count]) => count > 0)) }
  },
  config: () => {
    const { snapshot } = store
    if (snapshot === undefined) return undefined
    const followers = [...store.slots.values()].map(({ definition }) => definition)
    return effectiveConfig(snapshot.config, engine.builder.visibility, followers, explain)
  },
  planRevert: async (to) => {
    const good = engine.safety.goodHistory.find(to)
    if (good === undefined) throw changeoverError('reloader.no-such-good')
    return plan(good.text)
  },
})
