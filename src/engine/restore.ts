import type { Engine } from './engine.ts'
import type { Good } from '../persistence/journal.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'

/**
 * The way from `start` to following the source: what earlier runs have kept is read, the last known good serves, or
 * the one before it where that cannot, and only then the source is asked.
 */
export class Restore {
  readonly #engine: Engine
  readonly #report: (failure: Failure) => void
  readonly #onHeld: () => void
  #left: readonly Good[] = []
  #isOver = false
  #isStopped = false
  #mustRead = false
  /** When what serves had last been compared with the source, where it was restored. */
  provedAt: number | undefined

  constructor(engine: Engine, report: (failure: Failure) => void, onHeld: () => void) {
    this.#engine = engine
    this.#report = report
    this.#onHeld = onHeld
  }

  /** Without a store it is over at once. */
  start(): void {
    const { safety } = this.#engine
    if (safety.keeper === undefined) return this.#end()
    void safety.load().then(() => {
      this.#left = safety.restorable
      this.#next()
    })
  }

  /** The reloader closes: the source is not asked any more. */
  stop(): void {
    this.#isStopped = true
  }

  /** A read that is asked for meanwhile comes after it. */
  requestReload(): void {
    if (this.#isOver) this.#engine.send({ type: 'reload.requested' })
    else this.#mustRead = true
  }

  note(record: TransactionRecord): void {
    if (record.trigger !== 'restore' || this.#isOver) return
    if (record.outcome === 'committed') this.#end()
    else queueMicrotask(() => this.#next()) // the machine has yet to come to rest
  }

  #next(): void {
    if (this.#isStopped) return
    const [good, ...left] = this.#left
    if (good === undefined) return this.#end()
    this.#left = left
    this.provedAt = good.savedAt
    const { reader } = this.#engine
    const candidate = reader.register({ kind: 'document', revision: good.revision, content: good.text })
    const { epoch } = this.#engine.context
    this.#engine.send({ type: 'restore.requested', candidate })
    if (this.#engine.context.epoch === epoch) this.#end() // something serves already, or repairs itself
  }

  #end(): void {
    this.#isOver = true
    const { safety, admission, follower, executor } = this.#engine
    if (safety.frozen !== undefined) {
      if (executor.lastKnownGood !== undefined) admission.freeze()
      else {
        this.#report(failure('reloader.freeze-lifted'))
        void safety.freeze(undefined)
      }
    }
    follower.start()
    if (!this.#mustRead) return
    if (admission.isFrozen) this.#onHeld()
    else this.requestReload()
  }
}
