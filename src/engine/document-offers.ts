import type { Intake } from '../intake/intake.ts'
import type { Candidate } from '../model/candidate.ts'
import { isSameRevision } from '../model/revision.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import type { SnapshotBuilder } from '../validation/snapshot-builder.ts'
import type { Validation } from '../validation/validation.ts'
import { DocumentTrials } from './document-trials.ts'
import type { RefreshRequests } from './refresh-requests.ts'
import type { ReloadActor } from './reload-actor.ts'
import type { TransactionExecutor } from './transaction-executor.ts'

interface OfferDeps {
  readonly settings: Settings
  readonly store: ServingStore
  readonly validation: Validation
}

interface Stages {
  readonly intake: Intake
  readonly machine: ReloadActor
  readonly executor: TransactionExecutor
  readonly builder: SnapshotBuilder
  readonly refreshes: RefreshRequests
}

/** Passes candidates on to the reload machine, with what only the stages know of them. */
export class DocumentOffers {
  readonly trials: DocumentTrials
  readonly #stages: Stages
  readonly #deps: OfferDeps

  constructor(stages: Stages, deps: OfferDeps) {
    this.#stages = stages
    this.#deps = deps
    this.trials = new DocumentTrials(stages)
  }

  /** Offers a candidate that was let through. */
  offer(candidate: Candidate, isRepeated: boolean): void {
    const { intake, machine, executor, refreshes } = this.#stages
    const { store, validation } = this.#deps
    const { isResting, isSoaking } = machine
    // At rest, what serves needs no offer; while a transaction runs, what serves now may not serve in the end.
    const isServing = isResting && isSameRevision(candidate.revision, store.snapshot?.revision)
    if (isRepeated && isServing && refreshes.pending === undefined) return
    const isLastKnownGood = isSoaking && validation.isLastKnownGood(candidate, executor.lastKnownGood)
    const isTakenOver = this.trials.takeOver(candidate)
    const cannotServe =
      isTakenOver || (this.#mayBeSuperseded && validation.isRejected(candidate, executor.lastKnownGood))
    const marks = {
      ...(isRepeated ? { isRepeated } : {}),
      ...(isLastKnownGood ? { isLastKnownGood } : {}),
      ...(cannotServe ? { cannotServe } : {}),
    }
    const isMarked = isRepeated || isLastKnownGood || cannotServe
    const offered = isMarked ? intake.documents.mark(candidate, marks) : candidate
    machine.send({ type: 'source.changed', candidate: offered })
  }

  /** Offers the waiting document again if nothing that it was held back for holds any more. */
  offerWaiting(): void {
    const { candidate } = this.#stages.machine.context.waiting
    if (candidate?.cannotServe === true) this.offer(candidate, true)
  }

  /** True while a transaction runs that a newer document may end after its commit. */
  get #mayBeSuperseded(): boolean {
    const { machine } = this.#stages
    const { soak, confirm } = this.#deps.settings
    const isTrial = machine.context.trigger === 'trial'
    return !machine.isResting && (isTrial || confirm !== undefined || soak.onNewer === 'supersede')
  }
}
