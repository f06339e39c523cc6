import { createHmac, randomBytes } from 'node:crypto'
import { reloaderOf } from '../../api/internal/attached-reloader.ts'
import type { Trials } from '../../api/internal/trials.ts'
import { type Observation, observationOf } from '../../api/internal/observation.ts'
import type { Reloader } from '../../api/reloader.ts'
import { SourceError, type SourceContext } from '../../api/source.ts'
import { FannedSignal } from '../../async/abort.ts'
import { backoffMs } from '../../async/backoff.ts'
import { boundedCall } from '../../async/bounded-call.ts'
import { sleep } from '../../async/deadline.ts'
import { followReloader } from '../../observe/feed.ts'
import type { FleetStore } from '../fleet-store.ts'
import type { Member } from '../membership.ts'
import { ROLLOUT } from '../rollout-entry.ts'
import { EntryKeeper } from './entry-keeper.ts'
import { type Identity, type InstanceFacts, MemberFacts } from './facts.ts'
import { Canary } from './canary.ts'
import { Obedience } from './obedience.ts'
import type { FleetSettings } from './options.ts'
import { trialRefusal } from './trial-refusal.ts'

/** After a failure, the next try comes within this, so that an entry is back soon after its store is. */
const backoff = { minMs: 200, maxMs: 2_000 }

/** How long leaving may take, in milliseconds. */
const LEAVE_MS = 2_000

/** Characters of a digest: enough to distinguish documents, and too few to guess one by trying. */
const DIGEST_LENGTH = 16

/** Documents that are kept until the key of the digests is known. */
const MAX_DOCUMENTS = 3

const keyName = 'key'

let count = 0

/** Makes a reloader a member of the fleet, if a reloader it is that attaches the source. */
export const joinFleet = (settings: FleetSettings, context: SourceContext, store: FleetStore): Member => {
  const reloader = reloaderOf(context)
  if (reloader === undefined) return { noteDocument: () => {}, leave: async () => {} }
  return new FleetMember(settings, context, store, reloader)
}

class FleetMember implements Member {
  readonly #context: SourceContext
  readonly #store: FleetStore
  readonly #facts: MemberFacts
  readonly #keeper: EntryKeeper
  readonly #obedience: Obedience
  readonly #canary: Canary
  readonly #leaving = new AbortController()
  /** For what a canary asks: while etcd is silent, several questions are open. */
  readonly #asking = new FannedSignal(this.#leaving)
  readonly #running: Promise<unknown>
  readonly #stopFeed: () => void
  readonly #documents = new Map<string, string | Uint8Array>()
  #digestKey: Buffer | undefined
  #wake: () => void = () => {}
  #isAwake = false

  constructor(settings: FleetSettings, context: SourceContext, store: FleetStore, reloader: Reloader<object>) {
    const observation = observationOf(reloader)
    this.#context = context
    this.#store = store
    this.#facts = new MemberFacts(observation, store.place)
    this.#keeper = new EntryKeeper(
      store,
      identityOf(settings, observation),
      { clock: context.clock, ttlMs: settings.ttlMs },
      (identity) => this.#factsOf(identity),
    )
    this.#obedience = new Obedience(store, {
      id: () => this.#keeper.id,
      lease: () => this.#keeper.lease,
      obeys: settings.obeys,
      reloader,
    })
    this.#canary = new Canary({
      store,
      clock: context.clock,
      trials: observation.trials as Trials,
      id: () => this.#keeper.id,
      refusal: () => trialRefusal(store, observation.status()),
      onChange: () => this.#touch(),
    })
    this.#stopFeed = this.#follow(observation.status().id)
    this.#running = Promise.all([
      this.#keep(),
      this.#watch('commands/', () => this.#obedience.obey(this.#leaving.signal)),
      this.#watch(ROLLOUT, () => this.#canary.follow(this.#asking.signal)),
    ])
  }

  noteDocument(revision: string, content: string | Uint8Array): void {
    if (this.#digestKey !== undefined) return this.#facts.noteDigest(revision, digestOf(this.#digestKey, content))
    this.#documents.set(revision, content)
    const [oldest] = this.#documents.keys()
    if (oldest !== undefined && this.#documents.size > MAX_DOCUMENTS) this.#documents.delete(oldest)
  }

  async leave(): Promise<void> {
    this.#stopFeed()
    this.#leaving.abort()
    this.#wake()
    await this.#running
    this.#asking.unlink()
    const { clock } = this.#context
    // Without an answer the lease ends by itself.
    await boundedCall((signal) => this.#keeper.leave(signal), { clock, limitMs: LEAVE_MS }).catch(() => {})
    this.#store.close()
  }

  #follow(id: string): () => void {
    return followReloader(id, {
      'changeover:transaction': (message) => {
        if (message.kind !== 'ended') return
        this.#facts.noteRecord(message.record)
        this.#canary.noteRecord(message.record)
        this.#touch()
      },
      'changeover:source': () => {
        this.#facts.noteSource()
        this.#touch()
      },
      'changeover:state': (message) => {
        if (message.kind === 'entered') this.#canary.noteState(message.state)
        this.#touch()
      },
    })
  }

  #factsOf(identity: Identity): InstanceFacts {
    const trial = this.#canary.fact
    return { ...this.#facts.read(identity), ...(trial === undefined ? {} : { trial }) }
  }

  /** The entry may have to be written. */
  #touch(): void {
    this.#isAwake = true
    this.#wake()
  }

  /** Keeps the entry until the member leaves. */
  async #keep(): Promise<void> {
    const { signal } = this.#leaving
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#learnKey(signal)
        this.#isAwake = false
        const restMs = await this.#keeper.step(signal)
        failures = 0
        if (restMs > 0) await this.#rest(restMs)
      } catch (error) {
        if (signal.aborted) return
        this.#keeper.doubt()
        failures += 1
        this.#report(error, failures)
        await sleep(this.#context.clock, backoffMs(backoff, failures, this.#context.random), signal)
      }
    }
  }

  /** Looks at a folder whenever it has changed, until the member leaves. */
  async #watch(folder: string, look: () => Promise<void>): Promise<void> {
    const { signal } = this.#leaving
    for (let failures = 0; !signal.aborted; ) {
      try {
        for await (const _ of this.#store.watch(folder, signal)) {
          failures = 0
          await look()
        }
      } catch {
        if (signal.aborted) return
        // The entry fails for the same reason, and reports it.
      }
      failures += 1
      await sleep(this.#context.clock, backoffMs(backoff, failures, this.#context.random), signal)
    }
  }

  /** The first member makes the key by which all of them compare documents. */
  async #learnKey(signal: AbortSignal): Promise<void> {
    if (this.#digestKey !== undefined) return
    const { entries } = await this.#store.list(keyName, signal)
    const held = entries.find(({ name }) => name === keyName)?.text
    if (held === undefined) {
      await this.#store.write(
        { expect: { [keyName]: '0' }, put: { [keyName]: randomBytes(32).toString('hex') } },
        signal,
      )
      return this.#learnKey(signal)
    }
    this.#digestKey = Buffer.from(held, 'hex')
    for (const [revision, content] of this.#documents) this.noteDocument(revision, content)
    this.#documents.clear()
  }

  /** Rests until something is due, or has changed. */
  #rest(ms: number): Promise<void> {
    if (this.#isAwake || this.#leaving.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#context.clock.setTimeout(() => this.#wake(), ms)
      this.#wake = () => {
        this.#wake = () => {}
        this.#context.clock.clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Once for each outage, since it is tried again every few seconds. */
  #report(error: unknown, failures: number): void {
    if (failures > 1) return
    const code = error instanceof SourceError ? error.code : 'source.failed'
    this.#context.report(code, 'the entry of this instance in its fleet', error)
  }
}

const identityOf = ({ service, labels, obeys }: FleetSettings, { inspected }: Observation): Identity => {
  const process = inspected?.service ?? { name: 'unknown', host: 'unknown', pid: 0, startedAt: 0 }
  const { host, pid, startedAt } = process
  count += 1
  const parts = [host, pid, startedAt.toString(36), ...(count === 1 ? [] : [count])]
  return {
    id: parts.join('-').replaceAll('/', '_'),
    service: service ?? process.name,
    labels,
    host,
    pid,
    startedAt,
    obeys,
    session: randomBytes(8).toString('hex'),
  }
}

const digestOf = (key: Buffer, content: string | Uint8Array): string =>
  createHmac('sha256', key).update(content).digest('hex').slice(0, DIGEST_LENGTH)
