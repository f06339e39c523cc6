import type { Clock } from '../../api/clock.ts'
import type { Trials } from '../../api/internal/trials.ts'
import { sleep } from '../../async/deadline.ts'
import type { ErrorCode } from '../../model/error-codes.ts'
import type { TransactionRecord } from '../../model/record.ts'
import type { FleetStore } from '../fleet-store.ts'
import type { TrialFact } from '../instance-entry.ts'
import { CANDIDATE, encodeRolloutEnd, REFUSED, ROLLOUT, type RolloutEntry, rolloutNews } from '../rollout-entry.ts'

/** How often a canary asks whether the rollout still runs: as a part of the lease of the driver, and at most. A watch may hang. */
const ASK_EVERY = 1 / 4
const MAX_ASK_MS = 1_000

/** How long a canary goes on without an answer, in times of the driver's lease. */
const ALONE_FOR = 2

interface CanaryParts {
  readonly store: FleetStore
  readonly clock: Clock
  readonly trials: Trials
  readonly id: () => string
  /** Why the instance can try no candidate, whatever it says. */
  readonly refusal: () => ErrorCode | undefined
  /** What the entry says has changed. */
  readonly onChange: () => void
}

interface Trial {
  readonly rollout: string
  readonly ttlMs: number
  /** When the last question was asked whose answer was that the rollout runs, by the monotonic clock. */
  confirmedAt: number
  /** True once the driver cannot miss a refusal any more. */
  isRefusalTold: boolean
  readonly signal: AbortSignal
}

/**
 * Tries the candidate of a rollout for as long as its driver lives. A canary that cannot find that out for twice the time of
 * the driver's lease returns to what it had before, by itself.
 */
export class Canary {
  readonly #parts: CanaryParts
  #trial: Trial | undefined
  #fact: TrialFact | undefined
  /** The rollout that is over for this instance: it is not tried again. */
  #over: string | undefined
  /** Numbers of the last question, and of the last one whose answer counts: an answer that is late says what was. */
  #asked = 0
  #heard = 0

  constructor(parts: CanaryParts) {
    this.#parts = parts
  }

  /** What the entry says of the trial. A refusal stays until the next one. */
  get fact(): TrialFact | undefined {
    return this.#fact
  }

  /** Notes how the trial has ended, if it was one. */
  noteRecord({ trigger, revision, outcome, ...record }: TransactionRecord): void {
    const trial = this.#trial
    if (trigger !== 'trial' || trial === undefined || revision?.name !== trial.rollout) return
    const [first] = 'failures' in record ? record.failures : []
    this.#note({
      rollout: trial.rollout,
      state: outcome === 'unchanged' || outcome === 'committed' ? 'proved' : 'refused',
      outcome,
      ...(first === undefined ? {} : { code: first.code }),
      ...(first?.module === undefined ? {} : { module: first.module }),
    })
  }

  /** Notes a state of the reload machine: in `trying`, the soak has passed. */
  noteState(state: string): void {
    const trial = this.#trial
    if (state === 'trying' && trial !== undefined && this.#fact?.state === 'applying') {
      this.#note({ rollout: trial.rollout, state: 'proved' })
    }
  }

  /** Looks at the rollout, and does what it asks for. */
  async follow(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts
    this.#asked += 1
    const question = this.#asked
    const askedAt = clock.monotonic()
    const { entries } = await store.list(ROLLOUT, signal)
    if (signal.aborted || question < this.#heard) return
    this.#heard = question
    const { running, promoted } = rolloutNews(entries)
    const trial = this.#trial
    if (trial !== undefined && running?.id === trial.rollout) {
      trial.confirmedAt = askedAt
      void this.#tellRefusal(trial)
    } else if (trial !== undefined) this.#conclude(trial, promoted?.rollout === trial.rollout)
    if (running !== undefined) await this.#join(running, { question, askedAt }, signal)
  }

  async #join(
    { id, canaries, ttlMs }: RolloutEntry,
    { question, askedAt }: { readonly question: number; readonly askedAt: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { store, clock, trials } = this.#parts
    if (!canaries.includes(this.#parts.id()) || this.#over === id || this.#trial !== undefined) return
    const { entries } = await store.list(CANDIDATE, signal)
    const candidate = entries.find(({ name }) => name === CANDIDATE)
    // What was asked meanwhile sees to it.
    if (candidate === undefined || question < this.#heard || signal.aborted) return
    if (clock.monotonic() >= askedAt + ttlMs) return this.follow(signal)
    const trial: Trial = { rollout: id, ttlMs, confirmedAt: askedAt, isRefusalTold: false, signal }
    this.#trial = trial
    this.#note({ rollout: id, state: 'applying' })
    const refusal = this.#parts.refusal()
    const document = { lineage: `rollout-${id}`, name: id, content: candidate.text }
    if (refusal !== undefined) this.#note({ rollout: id, state: 'refused', code: refusal })
    else if (!trials.offer(document)) this.#note({ rollout: id, state: 'refused', code: 'fleet.trial-refused' })
    void this.#guard(trial, signal)
  }

  /** Asks again and again while something is tried, and gives up alone if there is no answer. */
  async #guard(trial: Trial, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    const leftMs = (): number => trial.confirmedAt + ALONE_FOR * trial.ttlMs - clock.monotonic()
    while (!signal.aborted && this.#trial === trial) {
      if (leftMs() <= 0) return this.#giveUp(trial)
      await sleep(clock, Math.min(leftMs(), trial.ttlMs * ASK_EVERY, MAX_ASK_MS), signal)
      if (leftMs() > 0) void this.follow(signal).catch(() => {}) // without an answer, the time runs out
    }
  }

  /** The rollout is gone: it was promoted, or it is over. */
  #conclude(trial: Trial, isPromoted: boolean): void {
    this.#end(trial)
    if (isPromoted) this.#parts.trials.promote()
    else this.#parts.trials.end()
  }

  #giveUp(trial: Trial): void {
    this.#end(trial)
    this.#note({ rollout: trial.rollout, state: 'refused', code: 'fleet.rollout-unheard' })
    this.#parts.trials.end()
  }

  #end(trial: Trial): void {
    this.#over = trial.rollout
    this.#trial = undefined
    if (this.#fact?.state !== 'refused') this.#fact = undefined
    this.#parts.onChange()
  }

  #note(fact: TrialFact): void {
    this.#fact = fact
    this.#parts.onChange()
    if (this.#trial !== undefined) void this.#tellRefusal(this.#trial)
  }

  /** The entry of the instance may be late: a driver must not publish what was refused since it has looked. */
  async #tellRefusal(trial: Trial): Promise<void> {
    if (trial.isRefusalTold || this.#fact?.state !== 'refused') return
    trial.isRefusalTold = true
    const text = encodeRolloutEnd({ rollout: trial.rollout, by: this.#parts.id() })
    try {
      await this.#parts.store.write({ expect: {}, put: { [REFUSED]: text } }, trial.signal)
    } catch {
      trial.isRefusalTold = false // the next answer of the store is soon
    }
  }
}
