import type { Clock, TimerHandle } from '../api/clock.ts'
import { backoffMs } from '../async/backoff.ts'
import type { Intake } from '../intake/intake.ts'
import type { Failure } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import { isLasting } from '../safety/lasting.ts'
import { Secrets } from '../secrets/secrets.ts'
import type { Settings } from '../settings/settings.ts'
import type { ReloadActor } from './reload-actor.ts'
import type { Restore } from './restore.ts'

/** The longest wait for another try of a value: who has changed it will soon make it right elsewhere. */
const MAX_RETRY_MS = 60_000

interface RotationParts {
  readonly machine: ReloadActor
  readonly intake: Intake
  readonly restore: Restore
}

/**
 * Gives what serves the new values of its secrets: asks the reload machine for a transaction whenever a newer value is known
 * than the one that serves. A value that does not hold is tried again with back-off, until it holds or there is another.
 */
export class Rotation {
  readonly secrets: Secrets
  readonly #settings: Settings
  readonly #store: ServingStore
  #parts: RotationParts | undefined
  #timer: TimerHandle
  /** The versions with which a rotation has failed, and how often it has. */
  #failed: string | undefined
  #failures = 0
  /** What is followed before anything serves. */
  #followed = new Set<string>()
  #isStopped = false

  private constructor(settings: Settings, providers: NonNullable<Settings['secrets']>, deps: RotationDeps) {
    const { clock: timers, deadlines, sourceBackoff: backoff, random } = settings
    this.#settings = settings
    this.#store = deps.store
    this.secrets = new Secrets({
      providers,
      clock: deps.work,
      timers,
      deadlineMs: deadlines.secretMs,
      backoff,
      random,
      report: deps.report,
      onChanged: (reference) => this.#noteChanged(reference),
    })
  }

  /** Undefined without the option `secrets`, which then costs nothing. */
  static of(settings: Settings, deps: RotationDeps): Rotation | undefined {
    return settings.secrets === undefined ? undefined : new Rotation(settings, settings.secrets, deps)
  }

  /** Completes it: a machine needs the stages, and the stages need the secrets. */
  attach(parts: RotationParts): void {
    this.#parts = parts
  }

  /** Learns how a transaction has ended, and goes on with what became known while it ran. */
  note(record: TransactionRecord): void {
    if (this.#isStopped) return
    if (record.outcome === 'committed') this.#forgetFailed()
    else if (record.trigger === 'secret' && 'failures' in record) this.#noteFailed(record.failures.some(isLasting))
    // The machine has yet to come to rest; if it does not, what it goes on with ends here too.
    queueMicrotask(() => {
      if (this.#isStopped || this.#parts?.machine.isResting !== true) return
      this.#followAgain()
      this.check()
    })
  }

  /** Asks for a transaction if what serves has a value that is known to be old. A freeze holds it back. */
  check(): void {
    const secrets = this.#store.snapshot?.secrets
    if (this.#isStopped || this.#parts === undefined || secrets === undefined) return
    if (this.secrets.areCurrent(secrets)) return this.#forgetFailed()
    if (this.#parts.intake.isFrozen || this.secrets.versionsOf(secrets) === this.#failed) return
    this.#clearTimer()
    this.#parts.machine.send({ type: 'secret.changed' })
  }

  stop(): void {
    this.#isStopped = true
    this.#clearTimer()
    this.secrets.stop()
  }

  /** A document that is held back, or could not be restored, may hold with the new value; what serves must have it. */
  #noteChanged(reference: string): void {
    if (this.#isStopped || this.#parts === undefined) return
    const { machine, restore, intake } = this.#parts
    this.check()
    restore.retry()
    const isHeld = machine.context.untried?.until !== 'settled' && [...this.secrets.asked].includes(reference)
    if (isHeld && !intake.isFrozen) machine.send({ type: 'quarantine.expired' })
  }

  #followAgain(): void {
    const { snapshot } = this.#store
    const isUntried = this.#parts?.machine.context.untried !== undefined
    const before = snapshot === undefined ? this.#followed : []
    const held = snapshot === undefined || isUntried ? this.secrets.asked : []
    this.#followed = new Set([...before, ...(snapshot?.secrets?.keys() ?? []), ...held])
    this.secrets.keep(this.#followed)
  }

  #forgetFailed(): void {
    this.#clearTimer()
    this.#failed = undefined
    this.#failures = 0
  }

  /** @param isLasting true if only another value helps */
  #noteFailed(isLasting: boolean): void {
    const secrets = this.#store.snapshot?.secrets
    if (secrets === undefined) return
    const { clock, random } = this.#settings
    this.#failed = this.secrets.versionsOf(secrets)
    this.#failures += 1
    this.#clearTimer()
    if (isLasting) return
    const { minMs, maxMs } = this.#settings.quarantine
    const backoff = { minMs, maxMs: Math.min(maxMs, Math.max(minMs, MAX_RETRY_MS)) }
    this.#timer = clock.setTimeout(
      () => {
        this.#failed = undefined
        this.check()
      },
      Math.ceil(backoffMs(backoff, this.#failures, random)),
    )
  }

  #clearTimer(): void {
    this.#settings.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

interface RotationDeps {
  readonly store: ServingStore
  /** The clock of reads; a close brings their deadlines forward. */
  readonly work: Clock
  readonly report: (failed: Failure) => void
}
