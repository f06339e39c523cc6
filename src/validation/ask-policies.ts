import { ignoreRejection, isThenable } from '../async/thenable.ts'
import { changeoverError } from '../model/failure.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Settings } from '../settings/settings.ts'

/** Calls the policies; the first that throws refuses the change. */
export const askPolicies = (policies: Settings['policies'], next: Snapshot, previous: unknown): void => {
  for (const [index, policy] of policies.entries()) {
    const place = { phase: 'validating', revision: next.revision.name, detail: `policy ${index + 1}` } as const
    let returned: unknown
    try {
      returned = policy(next.config, previous)
    } catch (error) {
      throw changeoverError('policy.refused', place, error)
    }
    if (!isThenable(returned)) continue
    ignoreRejection(returned)
    throw changeoverError('policy.refused', {
      ...place,
      detail: `policy ${index + 1} returned a promise: a policy is synchronous`,
    })
  }
}
