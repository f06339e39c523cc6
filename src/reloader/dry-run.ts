import type { PlanOptions, PlanReport } from '../api/call-options.ts'
import type { Clock } from '../api/clock.ts'
import type { Document } from '../api/source.ts'
import type { Engine } from '../engine/engine.ts'
import { diffOf } from '../model/data/diff.ts'
import { ChangeoverError, type Failure, failure } from '../model/failure.ts'
import type { Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import { PhaseTimings } from '../transaction/phase-timings.ts'
import { planOf } from '../transaction/plan.ts'
import type { ModuleWork } from '../transaction/transaction.ts'

type DryRunDeps = Pick<Engine, 'builder' | 'followUps' | 'phases'> & {
  readonly clock: Clock
  readonly registry: Registry
  readonly store: ServingStore
  readonly degraded: readonly string[]
}

/** Takes a document through everything that may refuse it, without the commit. */
export const dryRun = async (
  content: string,
  { prepare = false }: PlanOptions,
  { clock, registry, store, builder, followUps, phases, degraded }: DryRunDeps,
): Promise<PlanReport> => {
  const revision = { lineage: 'plan', order: 0, name: 'plan' }
  const document: Document = { kind: 'document', revision, content }
  const serving = store.snapshot?.config
  try {
    const snapshot = await builder.snapshotOf(document, builder.textOf(document), serving, new AbortController())
    if (snapshot.config !== serving) builder.askPolicies(snapshot, serving)
    followUps.check(snapshot, serving)
    const plan = planOf(registry, store, snapshot.config, { degraded })
    const work: ModuleWork = { plan, revision: {}, timings: new PhaseTimings(clock) }
    const { isPrepared, failures } = prepare ? await prepareDry(work, phases) : nothingPrepared
    const isChange = serving !== undefined && snapshot.config !== serving
    const isUnchanged = snapshot.config === serving && plan.size === 0
    return {
      verdict: isPrepared ? (isUnchanged ? 'unchanged' : 'changes') : 'failed',
      modules: [...plan.values()].map(({ module, change }) => ({ module: module.name, change })),
      diff: diffOf(serving, snapshot.config, builder.visibility),
      ...(isChange ? followUps.of(plan, serving, snapshot.config) : {}),
      failures,
    }
  } catch (error) {
    if (error instanceof ChangeoverError) return { verdict: 'rejected', failures: error.failures }
    throw error
  }
}

interface DryPreparation {
  readonly isPrepared: boolean
  readonly failures: readonly Failure[]
}

const nothingPrepared: DryPreparation = { isPrepared: true, failures: [] }

const prepareDry = async (work: ModuleWork, phases: DryRunDeps['phases']): Promise<DryPreparation> => {
  const { isComplete, failures, wasStopped } = await phases.dryRun(work)
  return { isPrepared: isComplete, failures: wasStopped ? [...failures, failure('reloader.plan-stopped')] : failures }
}
