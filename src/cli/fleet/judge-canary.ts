import type { InstanceEntry } from '../../fleet/instance-entry.ts'

/** Why a canary has failed: it is gone, or has refused the candidate. Undefined while it has not. */
export const failureOf = (instance: InstanceEntry | undefined, rollout: string): string | undefined => {
  if (instance === undefined) return 'is gone'
  const { trial, frozen } = instance
  if (trial?.rollout !== rollout) return frozen === undefined ? undefined : 'was frozen'
  if (trial.state === 'applying') return frozen === undefined ? undefined : 'was frozen'
  if (trial.state === 'proved') return undefined
  const why = trial.code ?? trial.outcome ?? 'refused'
  return `has refused it: ${why}${trial.module === undefined ? '' : ` in ${trial.module}`}`
}
