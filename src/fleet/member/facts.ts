import type { Observation } from '../../api/internal/observation.ts'
import type { ReloaderStatus } from '../../api/status.ts'
import type { TransactionRecord } from '../../model/record.ts'
import { isResting } from '../../xstate/state-name.ts'
import type { InstanceEntry, ServedFact, TriedFact } from '../instance-entry.ts'

/** What stays the same as long as the process lives. */
export type Identity = Pick<
  InstanceEntry,
  'id' | 'service' | 'labels' | 'host' | 'pid' | 'startedAt' | 'obeys' | 'session'
>

/** What an instance says, without what changes with each write. */
export type InstanceFacts = Omit<InstanceEntry, 'sequence' | 'at'>

/** How many revisions are remembered to name the document of one. */
const MAX_REVISIONS = 100
/** Names of quarantined revisions that are shown. */
const MAX_QUARANTINED = 10

/** With these, a document waits for a deployment or a restart, and is not refused. */
const heldCodes = new Set<string>(['document.held', 'restart.held'])

/** States between the commit and the end of the transaction. They last, so the entry shows them. */
const shownStates = new Set(['soaking', 'trying', 'confirming'])

/** Knows what the entry of a reloader says. */
export class MemberFacts {
  readonly #observation: Observation
  readonly #endpoint: string
  readonly #digests = new Map<string, string>()
  /** The revision of the document by that of the whole, if it is made of layers. */
  readonly #documents = new Map<string, string>()
  #tried: TransactionRecord | undefined

  constructor(observation: Observation, endpoint: string) {
    this.#observation = observation
    this.#endpoint = endpoint
    const { last } = observation.status()
    if (last !== undefined) this.noteRecord(last)
  }

  /** Notes the digest of a document, by its revision. */
  noteDigest(revision: string, digest: string): void {
    remember(this.#digests, revision, digest)
  }

  noteRecord(record: TransactionRecord): void {
    // A trial says nothing of what the source holds.
    const isVerdict = record.outcome !== 'superseded' && record.outcome !== 'aborted' && record.trigger !== 'trial'
    if (isVerdict && record.revision !== undefined) this.#tried = record
  }

  /** Call it whenever the source has entered a state: with layers, only then both revisions are known. */
  noteSource({ source }: ReloaderStatus = this.#observation.status()): void {
    // That of a prefix ends in a slash.
    const layer = source.layers?.find(({ endpoint }) => endpoint.replace(/\/$/, '') === this.#endpoint)
    const [whole, own] = [source.revision?.name, layer?.revision?.name]
    if (whole !== undefined && own !== undefined) remember(this.#documents, whole, own)
  }

  read(identity: Identity): InstanceFacts {
    const status = this.#observation.status()
    this.noteSource(status)
    const { build, state, lastKnownGood, frozen, confirmation, waiting, restartPending, quarantine, degraded } = status
    return {
      ...identity,
      ...(build === undefined ? {} : { build }),
      state: isResting(state) || shownStates.has(state) ? state : 'applying',
      ...(lastKnownGood === undefined ? {} : { serving: this.#served(lastKnownGood.revision.name, status) }),
      ...(this.#tried === undefined ? {} : { tried: this.#triedFact(this.#tried, status) }),
      ...(frozen === undefined ? {} : { frozen: frozenFact(frozen) }),
      ...(confirmation === undefined ? {} : { confirmation }),
      ...(waiting === undefined ? {} : { waiting: { revision: waiting.revision.name, reason: waiting.reason } }),
      restartPending: restartPending?.paths.length ?? 0,
      quarantined: quarantine.slice(0, MAX_QUARANTINED).map(({ revision }) => revision),
      degraded,
      stale: status.stale !== undefined,
    }
  }

  #served(revision: string, { source }: ReloaderStatus): ServedFact {
    const document = source.layers === undefined ? revision : this.#documents.get(revision)
    const digest = document === undefined ? undefined : this.#digests.get(document)
    return {
      revision,
      ...(document === undefined ? {} : { document }),
      ...(digest === undefined ? {} : { digest }),
    }
  }

  #triedFact(record: TransactionRecord, status: ReloaderStatus): TriedFact {
    const { outcome, startedAt, durationMs, revision } = record
    const [first] = 'failures' in record ? record.failures : []
    return {
      ...this.#served(revision?.name ?? '', status),
      outcome: first !== undefined && heldCodes.has(first.code) ? 'held' : outcome,
      ...(first === undefined ? {} : { code: first.code }),
      ...(first?.module === undefined ? {} : { module: first.module }),
      at: Math.round(startedAt + durationMs),
    }
  }
}

const frozenFact = ({ reason, by, since }: NonNullable<ReloaderStatus['frozen']>) => ({
  reason,
  ...(by === undefined ? {} : { by }),
  since,
})

const remember = (map: Map<string, string>, name: string, value: string): void => {
  map.delete(name)
  map.set(name, value)
  const [oldest] = map.keys()
  if (oldest !== undefined && map.size > MAX_REVISIONS) map.delete(oldest)
}
