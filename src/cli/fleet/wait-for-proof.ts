import { systemClock } from '../../api/clock.ts'
import { sleep } from '../../async/deadline.ts'
import type { FleetStore } from '../../fleet/fleet-store.ts'
import type { InstanceEntry } from '../../fleet/instance-entry.ts'
import { failure } from '../../model/failure.ts'
import type { ErrorCode } from '../../model/error-codes.ts'
import type { Context } from '../context/context.ts'
import { DetailedError } from '../output/detailed-error.ts'
import { durationOf } from '../target/flags.ts'
import { instancesOf } from './open-fleet.ts'
import { type Proof, proofOf, type Quorum } from './proof.ts'

const POLL_MS = 300
const DEFAULT_WAIT = '2m'

/** A wait that has failed, with what became of each instance, for `--json`. */
export class FleetFailure extends DetailedError {
  constructor(code: ErrorCode, place: Omit<Parameters<typeof failure>[1], 'phase'>, more: object) {
    super(failure(code, place), more)
  }
}

/** How long a command of the fleet waits, in milliseconds. */
const waitMsOf = (context: Context): number => durationOf('timeout', context.text('timeout') ?? DEFAULT_WAIT)

/**
 * Waits until enough instances have proved a revision. Instances whose lease has ended do not count.
 *
 * @throws ChangeoverError `fleet.refused`, `fleet.superseded`, `fleet.wait-timeout`
 */
export const waitForProof = async (
  context: Context,
  store: FleetStore,
  revision: string,
  quorum: Quorum,
): Promise<readonly InstanceEntry[]> => {
  const until = systemClock.monotonic() + waitMsOf(context)
  for (let told = ''; ; ) {
    const { instances, document } = await instancesOf(store, context.signal)
    const count = (proof: Proof): number => instances.filter((instance) => proofOf(instance, revision) === proof).length
    const proved = count('proved')
    // Those that the document is not for are not waited for.
    const asked = instances.length - count('held')
    const needed = quorum(asked)
    const progress = `${proved} of ${asked} instances have proved revision ${revision}`
    const refusal = instances.find((instance) => proofOf(instance, revision) === 'refused')
    if (refusal !== undefined) throw refusedBy(refusal, revision, instances)
    if (isOlder(revision, document)) {
      throw new FleetFailure('fleet.superseded', { revision: document }, summaryOf(instances, revision))
    }
    if (proved >= needed) return instances
    if (progress !== told && !context.out.isJson) context.out.note(progress)
    told = progress
    if (systemClock.monotonic() >= until) {
      throw new FleetFailure(
        'fleet.wait-timeout',
        { revision, detail: `${proved} of ${asked}, ${needed} needed` },
        summaryOf(instances, revision),
      )
    }
    await sleep(systemClock, POLL_MS, context.signal)
    context.signal.throwIfAborted()
  }
}

/** Both are revisions of one etcd, which grow with each write. */
const isOlder = (revision: string, document: string): boolean => Number(revision) < Number(document)

const refusedBy = (
  { id, tried }: InstanceEntry,
  revision: string,
  instances: readonly InstanceEntry[],
): FleetFailure => {
  const module = tried?.module === undefined ? {} : { module: tried.module }
  const detail = `${id}: ${tried?.outcome}${tried?.code === undefined ? '' : `, ${tried.code}`}`
  return new FleetFailure('fleet.refused', { revision, ...module, detail }, summaryOf(instances, revision))
}

/** What became of each instance. */
export const summaryOf = (instances: readonly InstanceEntry[], revision: string) => ({
  instances: instances.map((instance) => ({ ...instance, proof: proofOf(instance, revision) })),
})
