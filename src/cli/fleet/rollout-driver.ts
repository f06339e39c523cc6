import { hash } from 'node:crypto'
import type { Clock } from '../../api/clock.ts'
import { SourceError } from '../../api/source.ts'
import { sleep } from '../../async/deadline.ts'
import type { FleetStore } from '../../fleet/fleet-store.ts'
import type { InstanceEntry } from '../../fleet/instance-entry.ts'
import {
  CANDIDATE,
  encodeRollout,
  encodeRolloutEnd,
  PROMOTED,
  REFUSED,
  ROLLOUT,
  type RolloutNews,
  rolloutNews,
} from '../../fleet/rollout-entry.ts'
import type { Beside } from '../../history/document-store.ts'
import { changeoverError, isChangeoverError } from '../../model/failure.ts'
import { boundedCall } from '../../async/bounded-call.ts'
import { instancesOf } from './open-fleet.ts'
import { failureOf } from './judge-canary.ts'
import type { RolloutPlan, Step } from './rollout-plan.ts'
import { FleetFailure } from './wait-for-proof.ts'

const POLL_MS = 300
const MAX_TRIES = 5

/** What drives a rollout. */
export interface DriverParts {
  readonly store: FleetStore
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Names the rollout, and decides which instances try the candidate first. */
  readonly id: string
  readonly say: (text: string) => void
  /** Asked after each step. Call `keep` at least every half second meanwhile. */
  readonly gate?: ((keep: () => Promise<void>) => Promise<void>) | undefined
}

/** Drives a rollout, step by step, as long as its lease lives. */
export class RolloutDriver {
  readonly #parts: DriverParts
  readonly #plan: RolloutPlan
  readonly #canaries: string[] = []
  /** Why canaries have failed, by instance. */
  readonly #failed = new Map<string, string>()
  #lease: string | undefined
  #revision = '0'
  /** The last refusal that was looked at, whichever rollout it is of. */
  #refusedRevision = '0'
  /** The lease lives at least for its time from here on, by the monotonic clock. */
  #renewedAt = 0

  constructor(parts: DriverParts, plan: RolloutPlan) {
    this.#parts = parts
    this.#plan = plan
  }

  /**
   * Takes the candidate through all steps. At its return every canary has proved it.
   *
   * @throws ChangeoverError `fleet.rollout-running`, `fleet.rollout-failed`, `fleet.rollout-lost`, `fleet.rollout-aborted`,
   * `fleet.superseded`, `fleet.wait-timeout`, `fleet.no-instances`
   */
  async run(): Promise<void> {
    const { clock, say, gate } = this.#parts
    const { steps, holdMs, text } = this.#plan
    this.#renewedAt = clock.monotonic()
    this.#lease = await this.#bounded((signal) => this.#parts.store.grant(this.#plan.ttlMs, signal))
    await this.#announce({ [CANDIDATE]: text })
    for (const [index, step] of steps.entries()) {
      await this.#extend(step)
      const by = this.#canaries.length === 1 ? '1 instance' : `${this.#canaries.length} instances`
      say(`Step ${index + 1} of ${steps.length}: ${by} to try the document.`)
      await this.#watchUntilProved()
      say(`Step ${index + 1} of ${steps.length}: proved.`)
      const held = clock.monotonic() + holdMs
      await this.#watch(undefined, () => clock.monotonic() >= held)
      await gate?.(() => this.#keep())
    }
    await this.#watchUntilProved()
  }

  /**
   * Publishes the document. If something has changed beside it, it is tried again once all canaries have still proved it.
   *
   * @param write writes it together with what is given, and throws `fleet.rollout-lost` if something there has changed
   */
  async promote<Written>(write: (beside: Beside) => Promise<Written>): Promise<Written> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await write(this.#promotion)
      } catch (error) {
        if (!isChangeoverError(error) || error.code !== 'fleet.rollout-lost' || tries === MAX_TRIES) throw error
        await this.#watchUntilProved()
      }
    }
  }

  get #promotion(): Beside {
    return {
      expect: { [ROLLOUT]: this.#revision, [REFUSED]: this.#refusedRevision },
      put: { [PROMOTED]: encodeRolloutEnd({ rollout: this.#parts.id }) },
      remove: [ROLLOUT, CANDIDATE],
    }
  }

  /** Ends the rollout: without it, every canary returns to what it had. */
  async end(): Promise<void> {
    const { store } = this.#parts
    const lease = this.#lease
    if (lease === undefined) return
    // If it cannot be told, the lease ends by itself.
    await this.#bounded((signal) => store.revoke(lease, signal), new AbortController().signal).catch(() => {})
  }

  /** Writes the entry of the rollout. A write whose answer was lost is found again. */
  async #announce(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { store, id } = this.#parts
    const { ttlMs, base, by, reason } = this.#plan
    const text = encodeRollout({ id, base, canaries: this.#canaries, ttlMs, by, reason })
    const change = { put: { [ROLLOUT]: text, ...more }, ...(this.#lease === undefined ? {} : { lease: this.#lease }) }
    await this.#untilAnswered(async (signal) => {
      const revision = await store.write({ ...change, expect: { [ROLLOUT]: this.#revision } }, signal)
      if (revision !== undefined) {
        this.#revision = revision
        return true
      }
      const { entries } = await store.list(ROLLOUT, signal)
      const news = rolloutNews(entries)
      if (news.running?.id !== id) {
        throw this.#revision === '0' && news.revision !== '0'
          ? changeoverError('fleet.rollout-running')
          : this.#lost(news)
      }
      this.#revision = news.revision
      return entries.some((entry) => entry.name === ROLLOUT && entry.text === text)
    })
  }

  /** Adds canaries until there are as many as the step asks for. The order depends on the rollout alone. */
  async #extend(step: Step): Promise<void> {
    const { store, id: rollout } = this.#parts
    let wanted = 0
    await this.#untilAnswered(async (signal) => {
      const { instances } = await instancesOf(store, signal)
      const able = instances.filter((instance) => this.#plan.mayTry(instance))
      wanted = step(able.length) - this.#canaries.length
      const left = able.map(({ id }) => id).filter((id) => !this.#canaries.includes(id))
      const rankOf = (id: string): string => hash('sha256', `${rollout} ${id}`)
      const inOrder = left.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))
      this.#canaries.push(...inOrder.slice(0, Math.max(0, wanted)))
      return true
    })
    if (this.#canaries.length === 0) throw changeoverError('fleet.no-instances')
    if (wanted > 0) await this.#announce()
  }

  #watchUntilProved(): Promise<void> {
    return this.#watch(this.#plan.timeoutMs, (instances, { refused }) => {
      // Its entry says why, and comes a little later.
      const isRefused = refused?.rollout === this.#parts.id && !this.#failed.has(refused.by ?? '')
      if (isRefused) return false
      const proved = instances.filter(({ trial }) => trial?.rollout === this.#parts.id && trial.state === 'proved')
      return proved.length >= this.#canaries.length - this.#failed.size
    })
  }

  /** Keeps the lease, and looks at the canaries, until something is true. */
  async #watch(
    timeoutMs: number | undefined,
    isOver: (instances: readonly InstanceEntry[], news: RolloutNews) => boolean,
  ): Promise<void> {
    const { store, clock } = this.#parts
    const until = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + timeoutMs
    await this.#untilAnswered(async (signal) => {
      await this.#renew(signal)
      const news = rolloutNews((await store.list(ROLLOUT, signal)).entries)
      const { instances, document } = await instancesOf(store, signal)
      // Instances give way to another document, so this comes first.
      if (document !== this.#plan.base) throw changeoverError('fleet.superseded', { revision: document })
      if (news.running?.id !== this.#parts.id) throw this.#lost(news)
      this.#refusedRevision = news.refusedRevision
      this.#judge(instances)
      if (isOver(instances, news)) return true
      if (clock.monotonic() < until) return false
      throw this.#failure('fleet.wait-timeout', `${this.#canaries.length} instances try it`)
    })
  }

  /** Keeps the lease while the caller waits for something else. */
  async #keep(): Promise<void> {
    await this.#untilAnswered(async (signal) => {
      await this.#renew(signal)
      return true
    })
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const now = this.#parts.clock.monotonic()
    if (this.#lease === undefined || now - this.#renewedAt < this.#plan.ttlMs / 3) return
    if (!(await this.#parts.store.renew(this.#lease, signal))) throw changeoverError('fleet.rollout-lost')
    this.#renewedAt = now
  }

  /** Repeats something until it returns true. If etcd does not answer, it is repeated for as long as the lease lives for certain. */
  async #untilAnswered(work: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
    const { clock, signal } = this.#parts
    for (;;) {
      signal.throwIfAborted()
      try {
        if (await this.#bounded(work)) return
      } catch (error) {
        if (!(error instanceof SourceError) || signal.aborted) throw error
        if (clock.monotonic() - this.#renewedAt >= this.#plan.ttlMs)
          throw changeoverError('fleet.rollout-lost', {}, error)
      }
      await sleep(clock, POLL_MS, signal)
    }
  }

  /** Ends a call that takes too long for the lease. */
  #bounded<Value>(work: (signal: AbortSignal) => Promise<Value>, parent = this.#parts.signal): Promise<Value> {
    return boundedCall(work, { clock: this.#parts.clock, limitMs: this.#plan.ttlMs / 2, parent })
  }

  #judge(instances: readonly InstanceEntry[]): void {
    const byId = new Map(instances.map((instance) => [instance.id, instance]))
    for (const id of this.#canaries) {
      const failed = failureOf(byId.get(id), this.#parts.id)
      if (failed !== undefined) this.#failed.set(id, failed)
    }
    if (this.#failed.size <= this.#plan.maxFailures) return
    const reasons = [...this.#failed].map(([id, why]) => `${id} ${why}`)
    throw this.#failure('fleet.rollout-failed', reasons.join(', ').slice(0, 200))
  }

  #lost({ aborted }: RolloutNews) {
    if (aborted?.rollout !== this.#parts.id) return changeoverError('fleet.rollout-lost')
    return changeoverError('fleet.rollout-aborted', aborted.by === undefined ? {} : { detail: `by ${aborted.by}` })
  }

  #failure(code: 'fleet.rollout-failed' | 'fleet.wait-timeout', detail: string): FleetFailure {
    return new FleetFailure(code, { detail }, { canaries: this.#canaries, failed: Object.fromEntries(this.#failed) })
  }
}
