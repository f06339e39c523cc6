import type { Engine } from '../engine/engine.ts'
import type { PlanOptions, PlanReport } from '../api/reloader.ts'
import { diffOf } from '../model/diff.ts'
import { ChangeoverError } from '../model/failure.ts'
import type { Settings } from '../settings/settings.ts'
import { planOf } from '../transaction/plan.ts'
import type { Registry } from '../modules/registry.ts'
import { Transaction } from '../transaction/transaction.ts'
import type { Document } from '../api/source.ts'
import type { ServingStore } from '../modules/serving-store.ts'

/** The way of a document through all that may refuse it, without its tick. */
export const dryRun = async (
  content: string,
  { prepare = false }: PlanOptions,
  { clock }: Settings,
  registry: Registry,
  store: ServingStore,
  { validator, runner, context }: Engine,
): Promise<PlanReport> => {
  const revision = { lineage: 'plan', order: 0, name: 'plan' }
  const reading: Document = { kind: 'document', revision, content }
  const serving = store.snapshot?.config
  try {
    const snapshot = await validator.snapshotOf(reading, validator.textOf(reading), serving, new AbortController())
    const transaction = new Transaction('plan', -1, clock)
    transaction.snapshot = snapshot
    if (snapshot.config !== serving) validator.askPolicies(snapshot, serving)
    transaction.plan = planOf(registry, store, snapshot.config, context.degraded)
    const isPrepared = !prepare || (await runner.rehearse(transaction))
    const isUnchanged = snapshot.config === serving && transaction.plan.size === 0
    return {
      verdict: isPrepared ? (isUnchanged ? 'unchanged' : 'changes') : 'failed',
      modules: transaction.moduleRecords().map(({ module, change }) => ({ module, change })),
      diff: diffOf(serving, snapshot.config, validator.visibility),
      failures: transaction.failures,
    }
  } catch (error) {
    if (error instanceof ChangeoverError) return { verdict: 'rejected', failures: error.failures }
    throw error
  }
}
