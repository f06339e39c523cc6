import type { Intake } from '../intake/intake.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { Good, StoredSecret } from '../persistence/persisted-state.ts'
import type { Safety } from '../safety/safety.ts'
import type { Settings } from '../settings/settings.ts'
import { lengthOf } from '../model/length-of.ts'
import { logFrozen } from '../transaction/log-fields.ts'
import { warnAtStart } from '../transaction/start-warnings.ts'
import type { ReloadActor } from './reload-actor.ts'

interface RestoreDeps {
  readonly settings: Pick<Settings, 'clock' | 'logger' | 'restart'>
  readonly safety: Safety
  readonly intake: Intake
  readonly machine: ReloadActor
  readonly hasLastKnownGood: () => boolean
  readonly report: (failure: Failure) => void
  /** Takes over the values of secrets that were stored with a good. */
  readonly seed: (secrets: readonly StoredSecret[]) => void
  /** Hears that calls of `reload` which wait for the restore cannot be answered: changes are frozen. */
  readonly onFrozen: () => void
}

/**
 * Gets from `start` to following the source: loads what earlier runs have kept, serves the last known good, or the one
 * before it if that cannot serve, and only then asks the source. If changes may wait for a restart, it asks the source once
 * before: this is the start that such a change waits for.
 */
export class Restore {
  readonly #deps: RestoreDeps
  #left: readonly Good[] = []
  /** What is being tried. */
  #tried: Good | undefined
  /** What could not be tried, because a secret could not be read. */
  #unread: readonly Good[] = []
  #isRetryDue = false
  #isOver = false
  #isAsking = false
  readonly #stopped = new AbortController()
  #mustRead = false
  #provedAt: number | undefined

  constructor(deps: RestoreDeps) {
    this.#deps = deps
  }

  /** When the restored config had passed its soak; undefined if nothing was restored. */
  get provedAt(): number | undefined {
    return this.#provedAt
  }

  /** Without a store it is over at once. */
  start(): void {
    const { safety, settings } = this.#deps
    if (!safety.persists) return this.#end()
    void safety.load().then(() => {
      this.#left = safety.restorable
      const mayHold = settings.restart.policy !== 'warn' && safety.frozen === undefined
      if (mayHold && this.#left.length > 0) void this.#askSource()
      else this.#next()
    })
  }

  /** The source is not asked any more. */
  stop(): void {
    this.#stopped.abort()
  }

  /** Asks for a read of the source, which comes after the restore. */
  requestReload(): void {
    if (this.#isOver) this.#deps.machine.send({ type: 'reload.requested' })
    else this.#mustRead = true
  }

  /** Goes on to the next good if this record says that the one before could not serve. */
  note(record: TransactionRecord): void {
    if (this.#isRetryDue) queueMicrotask(() => this.retry())
    const isRestore = record.trigger === 'restore'
    if (!isRestore && (this.#isOver || !this.goesOn(record))) return
    const isUnread = 'failures' in record && record.failures.every(({ code }) => code === 'secret.unreachable')
    if (isRestore && isUnread && this.#tried !== undefined) this.#unread = [...this.#unread, this.#tried]
    if (record.outcome === 'committed') {
      this.#unread = []
      if (isRestore) this.#warnRestored(record)
      this.#end()
    } else queueMicrotask(() => this.#next()) // the machine has yet to come to rest
  }

  /** Tries again what waits for a secret, unless something serves meanwhile. */
  retry(): void {
    if (this.#deps.machine.context.hasServed) this.#unread = []
    this.#isRetryDue = this.#unread.length > 0 && !this.#deps.machine.isResting
    if (this.#unread.length === 0 || this.#isRetryDue) return
    this.#left = [...this.#left, ...this.#unread]
    this.#unread = []
    this.#next()
  }

  /** True for a record that does not decide about the start: another config is tried, or the source is asked. */
  goesOn({ trigger }: TransactionRecord): boolean {
    return trigger === 'restore' || (this.#isAsking && !this.#isOver)
  }

  /** Tries what the source holds before anything that was kept. */
  async #askSource(): Promise<void> {
    const { intake, machine } = this.#deps
    const result = await intake.fetch(undefined, this.#stopped.signal)
    if (this.#stopped.signal.aborted) return
    if (result.kind === 'failed') return this.#next()
    const { epoch } = machine.context
    this.#isAsking = true
    machine.send({ type: 'source.changed', candidate: result.candidate })
    if (machine.context.epoch === epoch) this.#next()
  }

  /** What serves may be out of date, and says so with its age. */
  #warnRestored({ revision }: TransactionRecord): void {
    const { clock, logger } = this.#deps.settings
    const age = lengthOf(Math.max(0, clock.now() - (this.#provedAt ?? clock.now())))
    const place = revision === undefined ? {} : { revision: revision.name }
    warnAtStart(logger, 'persistence.restored', { ...place, detail: `passed its soak ${age} ago` })
  }

  #next(): void {
    if (this.#stopped.signal.aborted) return
    const [good, ...left] = this.#left
    if (good === undefined) {
      // A freeze holds what serves, so the source is not asked in the place of what waits for a secret.
      if (this.#unread.length === 0 || this.#deps.safety.frozen === undefined) this.#end()
      return
    }
    const { intake, machine, seed } = this.#deps
    this.#left = left
    this.#tried = good
    this.#provedAt = good.savedAt
    if (good.secrets !== undefined) seed(good.secrets)
    const candidate = intake.documents.register({ kind: 'document', revision: good.revision, content: good.text })
    const { epoch } = machine.context
    machine.send({ type: 'restore.requested', candidate })
    if (machine.context.epoch === epoch) this.#end() // something serves already, or repairs itself
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { safety, intake, hasLastKnownGood, report, onFrozen } = this.#deps
    if (safety.frozen !== undefined) {
      if (hasLastKnownGood()) {
        logFrozen(this.#deps.settings.logger, safety.frozen)
        intake.freeze()
      } else {
        report(failure('reloader.freeze-lifted'))
        void safety.freeze(undefined)
      }
    }
    intake.follow()
    if (!this.#mustRead) return
    if (intake.isFrozen) onFrozen()
    else this.requestReload()
  }
}
