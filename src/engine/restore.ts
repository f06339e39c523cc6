import type { Intake } from '../intake/intake.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { Good } from '../persistence/persisted-state.ts'
import type { Safety } from '../safety/safety.ts'
import type { Settings } from '../settings/settings.ts'
import { lengthOf } from '../model/length-of.ts'
import { logFrozen } from '../transaction/log-fields.ts'
import { warnAtStart } from '../transaction/start-warnings.ts'
import type { ReloadActor } from './reload-actor.ts'

interface RestoreDeps {
  readonly settings: Pick<Settings, 'clock' | 'logger'>
  readonly safety: Safety
  readonly intake: Intake
  readonly machine: ReloadActor
  readonly hasLastKnownGood: () => boolean
  readonly report: (failure: Failure) => void
  /** Hears that calls of `reload` which wait for the restore cannot be answered: changes are frozen. */
  readonly onFrozen: () => void
}

/**
 * Gets from `start` to following the source: loads what earlier runs have kept, serves the last known good, or the one
 * before it if that cannot serve, and only then asks the source.
 */
export class Restore {
  readonly #deps: RestoreDeps
  #left: readonly Good[] = []
  #isOver = false
  #isStopped = false
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
    const { safety } = this.#deps
    if (!safety.persists) return this.#end()
    void safety.load().then(() => {
      this.#left = safety.restorable
      this.#next()
    })
  }

  /** The source is not asked any more. */
  stop(): void {
    this.#isStopped = true
  }

  /** Asks for a read of the source, which comes after the restore. */
  requestReload(): void {
    if (this.#isOver) this.#deps.machine.send({ type: 'reload.requested' })
    else this.#mustRead = true
  }

  /** Goes on to the next good if this record says that the one before could not serve. */
  note(record: TransactionRecord): void {
    if (record.trigger !== 'restore' || this.#isOver) return
    if (record.outcome === 'committed') {
      this.#warnRestored(record)
      this.#end()
    } else queueMicrotask(() => this.#next()) // the machine has yet to come to rest
  }

  /** What serves may be out of date, and says so with its age. */
  #warnRestored({ revision }: TransactionRecord): void {
    const { clock, logger } = this.#deps.settings
    const age = lengthOf(Math.max(0, clock.now() - (this.#provedAt ?? clock.now())))
    const place = revision === undefined ? {} : { revision: revision.name }
    warnAtStart(logger, 'persistence.restored', { ...place, detail: `passed its soak ${age} ago` })
  }

  #next(): void {
    if (this.#isStopped) return
    const [good, ...left] = this.#left
    if (good === undefined) return this.#end()
    const { intake, machine } = this.#deps
    this.#left = left
    this.#provedAt = good.savedAt
    const candidate = intake.documents.register({ kind: 'document', revision: good.revision, content: good.text })
    const { epoch } = machine.context
    machine.send({ type: 'restore.requested', candidate })
    if (machine.context.epoch === epoch) this.#end() // something serves already, or repairs itself
  }

  #end(): void {
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
