import type { Engine } from '../engine/engine.ts'
import type { RevertOptions } from '../api/reloader.ts'
import { changeoverError } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { Settings } from '../settings/settings.ts'
import type { PendingCalls } from './pending-calls.ts'

/** From the tick until it holds a transaction may be confirmed. */
const confirmableStates = new Set(['completing', 'soaking', 'confirming'])

/** What a person may ask of a running reloader beside a read: to hold changes, go back, try again, confirm. */
export class Commands {
  readonly #settings: Settings
  readonly #engine: Engine
  readonly #waiters: PendingCalls

  constructor(settings: Settings, engine: Engine, waiters: PendingCalls) {
    this.#settings = settings
    this.#engine = engine
    this.#waiters = waiters
  }

  reload(): Promise<TransactionRecord> {
    if (this.#engine.admission.isFrozen) throw changeoverError('reloader.frozen')
    const record = this.#waiters.next('reload')
    this.#engine.restore.requestReload()
    return record
  }

  async freeze(reason: string): Promise<void> {
    if (typeof reason !== 'string')
      throw changeoverError('reloader.invalid-option', { detail: 'freeze takes a reason' })
    await this.#freeze(reason.slice(0, MAX_REASON))
  }

  async unfreeze(): Promise<void> {
    const { admission, safety } = this.#engine
    if (!admission.isFrozen) return
    const saved = safety.freeze(undefined)
    admission.unfreeze()
    await saved
  }

  async revert({ to }: RevertOptions): Promise<TransactionRecord> {
    const { safety, reader } = this.#engine
    const good = safety.goodHistory.find(to)
    if (good === undefined) throw changeoverError('reloader.no-such-good')
    const saved = this.#freeze(`reverted to ${good.revision.name}`, good.digest)
    const record = this.#waiters.next('revert')
    const candidate = reader.register({ kind: 'document', revision: good.revision, content: good.text })
    this.#engine.send({ type: 'revert.requested', candidate })
    await saved
    return record
  }

  async retry(): Promise<TransactionRecord> {
    const { admission, safety, context } = this.#engine
    if (admission.isFrozen) throw changeoverError('reloader.frozen')
    const { untriedDigest } = safety
    const isWaiting = context.untried?.until === 'released' && untriedDigest !== undefined
    if (!isWaiting) throw changeoverError('reloader.nothing-to-retry')
    safety.quarantine.allowOnce(untriedDigest)
    const record = this.#waiters.next('retry')
    this.#engine.send({ type: 'retry.requested' })
    return record
  }

  async release(digest: string | undefined): Promise<void> {
    const { safety } = this.#engine
    const saved = safety.release(digest)
    if (digest === undefined || digest === safety.untriedDigest) this.#engine.send({ type: 'retry.requested' })
    await saved
  }

  async confirm(transactionId: string): Promise<TransactionRecord> {
    const { executor, state, context } = this.#engine
    const { transaction } = executor
    const isRunning = transaction.id === transactionId && context.epoch === transaction.epoch
    const mayConfirm =
      isRunning && confirmableStates.has(state.state) && this.#engine.awaitsConfirmation && executor.confirmLeftMs > 0
    if (!mayConfirm) throw changeoverError('confirm.refused')
    const record = this.#waiters.running(transaction.epoch)
    this.#engine.send({ type: 'confirm.given' })
    return record
  }

  /** In one turn, so that nothing passes any more. Calls of `reload` whose read has not begun are refused, as later ones are. */
  #freeze(reason: string, revertTo?: string): Promise<void> {
    const { admission, safety } = this.#engine
    const since = safety.frozen?.since ?? this.#settings.clock.now()
    const goal = revertTo ?? safety.frozen?.revertTo // a revert may still be on its way
    const saved = safety.freeze({ reason, since, ...(goal === undefined ? {} : { revertTo: goal }) })
    admission.freeze()
    this.#engine.send({ type: 'freeze.requested' })
    this.#waiters.reject('reloader.frozen', 'reload')
    this.#waiters.reject('reloader.frozen', 'retry')
    return saved
  }
}

/** Characters of a freeze's reason that are kept. */
const MAX_REASON = 500
