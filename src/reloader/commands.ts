import type { Clock } from '../api/clock.ts'
import type { RevertOptions } from '../api/reloader.ts'
import type { Engine } from '../engine/engine.ts'
import { changeoverError } from '../model/failure.ts'
import { invalidOption } from '../model/option-checks.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { PendingCalls } from './pending-calls.ts'

type CommandDeps = Pick<Engine, 'intake' | 'safety' | 'machine' | 'executor' | 'restore'> & {
  readonly clock: Clock
  readonly pendingCalls: PendingCalls
}

/** Characters of a freeze's reason that are kept. */
const MAX_REASON = 500

/** What an operator may ask of a running reloader: read now, freeze, go back, try again, confirm. */
export class Commands {
  readonly #deps: CommandDeps

  constructor(deps: CommandDeps) {
    this.#deps = deps
  }

  reload(): Promise<TransactionRecord> {
    const { intake, restore, pendingCalls } = this.#deps
    if (intake.isFrozen) throw changeoverError('reloader.frozen')
    const record = pendingCalls.next('reload')
    restore.requestReload()
    return record
  }

  async freeze(reason: string): Promise<void> {
    if (typeof reason !== 'string') {
      throw invalidOption('the reason of a freeze must be a string')
    }
    await this.#freeze(reason.slice(0, MAX_REASON))
  }

  async unfreeze(): Promise<void> {
    const { intake, safety } = this.#deps
    if (!intake.isFrozen) return
    const saved = safety.freeze(undefined)
    intake.unfreeze()
    await saved
  }

  async revert({ to }: RevertOptions): Promise<TransactionRecord> {
    const { safety, intake, machine, pendingCalls } = this.#deps
    const good = safety.goodHistory.find(to)
    if (good === undefined) throw changeoverError('reloader.no-such-good')
    const saved = this.#freeze(`reverted to ${good.revision.name}`, good.digest)
    const record = pendingCalls.next('revert')
    const candidate = intake.documents.register({ kind: 'document', revision: good.revision, content: good.text })
    machine.send({ type: 'revert.requested', candidate })
    await saved
    return record
  }

  async retry(): Promise<TransactionRecord> {
    const { intake, safety, machine, pendingCalls } = this.#deps
    if (intake.isFrozen) throw changeoverError('reloader.frozen')
    const { untriedDigest } = safety
    const isWaiting = machine.context.untried?.until === 'released' && untriedDigest !== undefined
    if (!isWaiting) throw changeoverError('reloader.nothing-to-retry')
    safety.quarantine.allowOnce(untriedDigest)
    const record = pendingCalls.next('retry')
    machine.send({ type: 'retry.requested' })
    return record
  }

  async release(digest: string | undefined): Promise<void> {
    const { safety, machine } = this.#deps
    const saved = safety.release(digest)
    if (digest === undefined || digest === safety.untriedDigest) machine.send({ type: 'retry.requested' })
    await saved
  }

  async confirm(transactionId: string): Promise<TransactionRecord> {
    const { executor, machine, pendingCalls } = this.#deps
    const { id, epoch } = executor.transaction
    const isRunning = id === transactionId && machine.context.epoch === epoch
    if (!isRunning || !machine.isConfirmable) throw changeoverError('confirm.refused')
    const record = pendingCalls.running(epoch)
    machine.send({ type: 'confirm.given' })
    return record
  }

  /** Freezes in one turn, so that nothing passes any more. Calls whose transaction has not begun are refused. */
  #freeze(reason: string, revertTo?: string): Promise<void> {
    const { clock, intake, safety, machine, pendingCalls } = this.#deps
    const since = safety.frozen?.since ?? clock.now()
    const goal = revertTo ?? safety.frozen?.revertTo // a revert may still be on its way
    const saved = safety.freeze({ reason, since, ...(goal === undefined ? {} : { revertTo: goal }) })
    intake.freeze()
    machine.send({ type: 'freeze.requested' })
    pendingCalls.reject('reloader.frozen', 'reload')
    pendingCalls.reject('reloader.frozen', 'retry')
    return saved
  }
}
