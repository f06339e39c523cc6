import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { admissionMachine, reloadMachine } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import { type Delivery, deliveryOf } from './admission-story.ts'
import { earlier, goodReloadMove, reloadAnswers } from './reload-moves.ts'
import { revision, timerMoves } from './walk/moves.ts'
import { createStepper, type Step, stateOf } from './walk/stepper.ts'

/** Something that may happen to the wired machines. */
export interface Happening {
  readonly title: string
  readonly happen: () => void
}

/** Called for every step of the reload machine. */
export type ObserveStep = (before: AnyMachineSnapshot, event: AnyEventObject, after: Step, isFrozen: boolean) => void

const steppers = { admission: createStepper(admissionMachine), reload: createStepper(reloadMachine) }

/**
 * Wires the admission and the reload machine as the reloader does, to a source that holds documents. A change may be
 * delivered at once, late, twice, or by a read that another notification has overtaken.
 */
export const wireMachines = (input: object, observe: ObserveStep) => {
  let admission = steppers.admission.initial().snapshot
  let reload = steppers.reload.initial(input).snapshot
  /** What the source holds, and the newest document that it has delivered. */
  let newest: Revision = revision(1)
  let delivered: Revision | undefined

  const isFrozen = () => stateOf(admission) === 'frozen'

  const toReload = (event: AnyEventObject) => {
    const before = reload
    const step = steppers.reload.step(before, event)
    reload = step.snapshot
    observe(before, event, step, isFrozen())
  }

  const passOn = ({ candidate, wasFrozen }: Delivery) => {
    if (candidate === undefined) return
    toReload({ type: 'source.changed', candidate: wasFrozen ? { ...candidate, isRepeated: true } : candidate })
  }

  const toAdmission = (event: AnyEventObject) => {
    const step = steppers.admission.step(admission, event)
    admission = step.snapshot
    for (const delivery of step.effects.flatMap(deliveryOf)) passOn(delivery)
  }

  let now = 0

  const deliver = (revision: Revision, afterMs = 20) => {
    now += afterMs
    toAdmission({ type: 'source.changed', candidate: { revision }, at: now })
  }

  const deliverNewest = (afterMs?: number) => {
    delivered = newest
    deliver(newest, afterMs)
  }

  const freeze = () => {
    toAdmission({ type: 'freeze.requested' })
    toReload({ type: 'freeze.requested' })
  }

  const answer = (event: AnyEventObject) => {
    const verdict = event.output as { readonly kind?: string; readonly candidate?: Candidate } | undefined
    if (verdict?.kind !== 'found') return toReload(event)
    // A read finds what the source holds, and the admission machine must know it first.
    const candidate = { revision: newest }
    toAdmission({ type: 'document.read', candidate })
    toReload({ ...event, output: { kind: 'found', candidate } })
  }

  const change = (lineage: string) => {
    newest = revision(newest.order + 1, lineage)
  }

  const timers = (): readonly Happening[] =>
    timerMoves(admission).map(({ title, event }) => ({ title, happen: () => toAdmission(event) }))

  return {
    get admission() {
      return admission
    },
    get reload() {
      return reload
    },
    get newest() {
      return newest
    },
    isFrozen,
    deliverNewest,
    unfreeze: () => toAdmission({ type: 'unfreeze.requested' }),
    timers,
    /** Lists what the source and the operators may do at any time. */
    happenings: (): readonly Happening[] => [
      {
        title: 'the source changes',
        happen: () => {
          change(newest.lineage)
          deliverNewest()
        },
      },
      {
        title: 'the source changes ten times in a row',
        happen: () => {
          for (let changes = 0; changes < 10; changes++) {
            change(newest.lineage)
            deliverNewest(0)
          }
        },
      },
      { title: 'the source changes and delivers it late', happen: () => change(newest.lineage) },
      { title: 'the source is replaced by another', happen: () => change(newest.lineage === 'a' ? 'b' : 'a') },
      { title: 'the source delivers its newest document', happen: () => deliverNewest() },
      {
        title: 'an overtaken read delivers an older document',
        happen: () =>
          delivered?.lineage === newest.lineage && deliver(revision(delivered.order - 1, delivered.lineage)),
      },
      { title: 'changes are frozen', happen: freeze },
      { title: 'changes are unfrozen', happen: () => toAdmission({ type: 'unfreeze.requested' }) },
      {
        title: 'a revert is requested',
        happen: () => {
          freeze()
          toReload({ type: 'revert.requested', candidate: earlier })
        },
      },
      { title: 'a restore is requested', happen: () => toReload({ type: 'restore.requested', candidate: earlier }) },
      { title: 'a reload is requested', happen: () => isFrozen() || toReload({ type: 'reload.requested' }) },
      { title: 'a retry is requested', happen: () => toReload({ type: 'retry.requested' }) },
      { title: 'a quarantine expires', happen: () => toReload({ type: 'quarantine.expired' }) },
      { title: 'an abandoned apply settles', happen: () => toReload({ type: 'module.settled' }) },
      { title: 'a confirmation arrives', happen: () => toReload({ type: 'confirm.given' }) },
    ],
    close: () => {
      toAdmission({ type: 'close.requested' })
      toReload({ type: 'close.requested' })
    },
    /** Lists what the actors of the reload machine may answer, and the armed timers. */
    answers: (): readonly Happening[] => [
      ...reloadAnswers(reload).map(({ title, event }) => ({ title, happen: () => answer(event) })),
      ...timers(),
    ],
    /** Returns the next answer with which all goes well; undefined if the reload machine rests. */
    goodAnswer: (): Happening | undefined => {
      const good = goodReloadMove(reload)
      return good && { title: good.title, happen: () => answer(good.event) }
    },
  }
}

export type WiredMachines = ReturnType<typeof wireMachines>
