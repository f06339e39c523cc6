import type { FreezeOptions, ReloadOptions, RevertOptions } from '../api/call-options.ts'
import type { Engine } from '../engine/engine.ts'
import { changeoverError } from '../model/failure.ts'
import { invalidOption } from '../model/option-checks.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { Registry } from '../modules/registry.ts'
import type { Settings } from '../settings/settings.ts'
import { logFrozen } from '../transaction/log-fields.ts'
import type { PendingCalls } from './pending-calls.ts'

type Stages = Pick<
  Engine,
  'intake' | 'safety' | 'machine' | 'executor' | 'restore' | 'refreshes' | 'rotation' | 'offers'
>

interface CommandDeps {
  readonly settings: Pick<Settings, 'clock' | 'logger'>
  readonly pendingCalls: PendingCalls
  readonly registry: Registry
}

const isText = (name: unknown): boolean => typeof name === 'string' && name.length <= MAX_TEXT

/** Characters that are kept of a freeze's reason, and of who asked for it. */
const MAX_TEXT = 500

/** What an operator may ask of a running reloader: read now, refresh, freeze, go back, try again, confirm. */
export class Commands {
  readonly #deps: Stages & CommandDeps

  constructor(stages: Stages, deps: CommandDeps) {
    const { intake, safety, machine, executor, restore, refreshes, rotation, offers } = stages
    this.#deps = { ...deps, intake, safety, machine, executor, restore, refreshes, rotation, offers }
  }

  reload({ force = false }: ReloadOptions): Promise<TransactionRecord> {
    const { intake, refreshes } = this.#deps
    if (typeof force !== 'boolean') throw invalidOption('force must be true or false')
    if (intake.isFrozen) throw changeoverError('reloader.frozen')
    if (force) refreshes.request('all')
    refreshes.requireSource(true)
    return this.#read()
  }

  /** A freeze does not stop it: what serves is prepared again then. */
  refresh(modules: readonly string[]): Promise<TransactionRecord> {
    const { refreshes, registry, pendingCalls } = this.#deps
    for (const name of modules) {
      const isKnown = registry.order.some((module) => module.name === name)
      if (!isKnown) throw changeoverError('reloader.no-such-module', isText(name) ? { module: name } : {})
    }
    const isAlone = !pendingCalls.isWaiting('reload')
    refreshes.request(modules.length === 0 ? 'all' : modules)
    if (isAlone) refreshes.requireSource(false)
    return this.#read()
  }

  #read(): Promise<TransactionRecord> {
    const record = this.#deps.pendingCalls.next('reload')
    this.#deps.restore.requestReload()
    return record
  }

  async freeze(reason: string, { by }: FreezeOptions = {}): Promise<void> {
    if (typeof reason !== 'string') throw invalidOption('the reason of a freeze must be a string')
    await this.#freeze(reason.slice(0, MAX_TEXT), by)
  }

  async unfreeze(): Promise<void> {
    const { intake, safety, settings, rotation } = this.#deps
    if (!intake.isFrozen) return
    const saved = safety.freeze(undefined)
    settings.logger.info({}, 'Changes are no longer frozen')
    intake.unfreeze()
    rotation?.check()
    await saved
  }

  async revert({ to, by }: RevertOptions): Promise<TransactionRecord> {
    const { safety, intake, machine, pendingCalls } = this.#deps
    const good = safety.goodHistory.find(to)
    if (good === undefined) throw changeoverError('reloader.no-such-good')
    const saved = this.#freeze(`reverted to ${good.revision.name}`, by, good.digest)
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
    const { safety, machine, offers } = this.#deps
    const saved = safety.release(digest)
    offers.offerWaiting()
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
  #freeze(reason: string, by: unknown, revertTo?: string): Promise<void> {
    if (by !== undefined && typeof by !== 'string') throw invalidOption('by must be a string')
    const { settings, intake, safety, machine, pendingCalls } = this.#deps
    const since = safety.frozen?.since ?? settings.clock.now()
    const goal = revertTo ?? safety.frozen?.revertTo // a revert may still be on its way
    const frozen = { reason, since, ...(by ? { by: by.slice(0, MAX_TEXT) } : {}) }
    const saved = safety.freeze({ ...frozen, ...(goal === undefined ? {} : { revertTo: goal }) })
    logFrozen(settings.logger, frozen)
    intake.freeze()
    machine.send({ type: 'freeze.requested' })
    pendingCalls.reject('reloader.frozen', 'reload')
    pendingCalls.reject('reloader.frozen', 'retry')
    return saved
  }
}
