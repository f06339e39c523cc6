import type { TrialDocument, Trials } from '../api/internal/trials.ts'
import type { Intake } from '../intake/intake.ts'
import type { Candidate } from '../model/candidate.ts'
import type { SnapshotBuilder } from '../validation/snapshot-builder.ts'
import type { ReloadActor } from './reload-actor.ts'

interface TrialParts {
  readonly intake: Intake
  readonly builder: SnapshotBuilder
  readonly machine: ReloadActor
}

/** Puts documents on trial, and notices when the source has taken one over. */
export class DocumentTrials implements Trials {
  readonly #parts: TrialParts
  #order = 0

  constructor(parts: TrialParts) {
    this.#parts = parts
  }

  readonly offer = ({ lineage, name, content }: TrialDocument): boolean => {
    const { intake, machine } = this.#parts
    if (intake.isFrozen || !machine.context.hasServed) return false
    this.#order += 1
    const revision = { lineage, order: this.#order, name }
    machine.send({
      type: 'trial.offered',
      candidate: intake.documents.register({ kind: 'document', revision, content }),
    })
    return true
  }

  readonly promote = (): void => this.#parts.machine.send({ type: 'trial.promoted' })

  readonly end = (): void => this.#parts.machine.send({ type: 'trial.ended' })

  /** Promotes the document on trial if the source holds it now. Returns true if so: it must not end what it has become. */
  takeOver(candidate: Candidate): boolean {
    const { intake, builder, machine } = this.#parts
    const { trigger, candidate: tried } = machine.context
    if (trigger !== 'trial' || tried === undefined || machine.isResting) return false
    const document = intake.documents.documentOf(tried)
    const isSame =
      document.kind === 'document' && builder.isText(intake.documents.documentOf(candidate), String(document.content))
    if (isSame) this.promote()
    return isSame
  }
}
