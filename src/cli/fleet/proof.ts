import type { InstanceEntry } from '../../fleet/instance-entry.ts'
import { usage } from '../target/flags.ts'

/** What an instance has made of a revision of the document. */
export type Proof = 'proved' | 'refused' | 'held' | 'pending'

const failures = new Set(['rejected', 'rolled-back', 'degraded'])

/**
 * Proved is what has passed its soak. A document that failed may be tried again, but it has been refused once. One that waits
 * for another build or for a restart is held: the instance keeps what it has.
 */
export const proofOf = ({ serving, tried, degraded }: InstanceEntry, revision: string): Proof => {
  if (tried?.document === revision && failures.has(tried.outcome)) return 'refused'
  if (tried?.document === revision && tried.outcome === 'held') return 'held'
  return serving?.document === revision && degraded.length === 0 ? 'proved' : 'pending'
}

/** How many instances have to prove a revision. */
export type Quorum = (instances: number) => number

/** Reads `all`, a number, or a percentage. */
export const quorumOf = (text: string): Quorum => {
  if (text === 'all') return (instances) => Math.max(1, instances)
  const [, amount, percent] = /^(\d{1,6})(%?)$/.exec(text) ?? []
  const count = Number(amount)
  const isValid = amount !== undefined && count > 0 && (percent === '' || count <= 100)
  if (!isValid) throw usage('--for must be all, a number such as 3, or a percentage such as 50%')
  return percent === '' ? () => count : (instances) => Math.max(1, Math.ceil((instances * count) / 100))
}
