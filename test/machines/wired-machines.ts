import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { admissionMachine, reloadMachine } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import { type Delivered, deliveredOf } from './admission-story.ts'
import { earlier, goodReloadAnswer, reloadAnswers, revision } from './reload-moves.ts'
import { instrument } from './walk/instrument.ts'
import { armedIn, createStepper, elapseOf, type Step, stateOf } from './walk/stepper.ts'

/** Something that may happen in the world of the two machines. */
export interface Happening {
  readonly title: string
  readonly happen: () => void
}

/** Called for every step of the reload machine. */
export type Observe = (before: AnyMachineSnapshot, event: AnyEventObject, after: Step, isFrozen: boolean) => void

export const wiredMachines = () => ({ admission: instrument(admissionMachine), reload: instrument(reloadMachine) })

/**
 * The admission and the reload machine, wired as the reloader wires them, and a source that has documents. A change
 * may be told at once, late, twice, or by a read that was overtaken.
 */
export const createWorld = (machines: ReturnType<typeof wiredMachines>, input: object, observe: Observe) => {
  const steppers = {
    admission: createStepper(machines.admission.machine),
    reload: createStepper(machines.reload.machine),
  }
  let admission = steppers.admission.initial().snapshot
  let reload = steppers.reload.initial(input).snapshot
  /** What the source holds, and the newest that it has told to those who watch it. */
  let newest: Revision = revision(1)
  let told: Revision | undefined

  const isFrozen = () => stateOf(admission) === 'frozen'

  const toReload = (event: AnyEventObject) => {
    const before = reload
    const step = steppers.reload.step(before, event)
    reload = step.snapshot
    observe(before, event, step, isFrozen())
  }

  const offer = ({ candidate, wasFrozen }: Delivered) => {
    if (candidate === undefined) return
    toReload({ type: 'source.changed', candidate: wasFrozen ? { ...candidate, wasFrozen } : candidate })
  }

  const toAdmission = (event: AnyEventObject) => {
    const step = steppers.admission.step(admission, event)
    admission = step.snapshot
    step.effects.flatMap(deliveredOf).forEach(offer)
  }

  const tell = (told: Revision) => toAdmission({ type: 'source.changed', candidate: { revision: told } })

  const tellNewest = () => {
    told = newest
    tell(newest)
  }

  const freeze = () => {
    toAdmission({ type: 'freeze.requested' })
    toReload({ type: 'freeze.requested' })
  }

  const answer = (event: AnyEventObject) => {
    const verdict = event.output as { readonly kind?: string; readonly candidate?: Candidate } | undefined
    // What a read finds is what the source holds, and the admission has to know of it first.
    if (verdict?.kind === 'found') {
      const candidate = { revision: newest }
      toAdmission({ type: 'document.read', candidate })
      toReload({ ...event, output: { kind: 'found', candidate } })
    } else toReload(event)
  }

  const change = (lineage: string) => {
    newest = revision(newest.order + 1, lineage)
  }

  const timers = (): readonly Happening[] =>
    [...armedIn(admission).keys()].map((delay) => ({
      title: `${delay} elapses`,
      happen: () => toAdmission(elapseOf(admission, delay)),
    }))

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
    tellNewest,
    unfreeze: () => toAdmission({ type: 'unfreeze.requested' }),
    timers,
    /** What the source and people may do at any time. */
    happenings: (): readonly Happening[] => [
      {
        title: 'the source changes',
        happen: () => {
          change(newest.lineage)
          tellNewest()
        },
      },
      {
        title: 'the source changes ten times in a row',
        happen: () => {
          for (let changes = 0; changes < 10; changes++) {
            change(newest.lineage)
            tellNewest()
          }
        },
      },
      { title: 'the source changes, and tells it late', happen: () => change(newest.lineage) },
      { title: 'the source is replaced by another', happen: () => change(newest.lineage === 'a' ? 'b' : 'a') },
      { title: 'the source tells its newest', happen: tellNewest },
      {
        title: 'a read that was overtaken tells an older one',
        happen: () => told?.lineage === newest.lineage && tell(revision(told.order - 1, told.lineage)),
      },
      { title: 'changes are frozen', happen: freeze },
      { title: 'changes are let through again', happen: () => toAdmission({ type: 'unfreeze.requested' }) },
      {
        title: 'a revert is requested',
        happen: () => {
          freeze()
          toReload({ type: 'revert.requested', candidate: earlier })
        },
      },
      { title: 'a restore is requested', happen: () => toReload({ type: 'restore.requested', candidate: earlier }) },
      { title: 'a reload is requested', happen: () => isFrozen() || toReload({ type: 'reload.requested' }) },
      { title: 'a quarantine ends', happen: () => toReload({ type: 'retry.requested' }) },
      { title: 'a given-up apply settles', happen: () => toReload({ type: 'module.settled' }) },
      { title: 'somebody confirms', happen: () => toReload({ type: 'confirm.given' }) },
    ],
    close: () => {
      toAdmission({ type: 'close.requested' })
      toReload({ type: 'close.requested' })
    },
    /** What the actors of the reload machine may answer, and the armed timers of both. */
    answers: (): readonly Happening[] => [
      ...reloadAnswers(reload).map(({ title, event }) => ({ title, happen: () => answer(event) })),
      ...timers(),
    ],
    /** The next answer with which all goes well; none where the reload machine rests. */
    goodAnswer: (): Happening | undefined => {
      const good = goodReloadAnswer(reload)
      return good && { title: good.title, happen: () => answer(good.event) }
    },
  }
}

export type World = ReturnType<typeof createWorld>
