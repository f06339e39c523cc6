import { createActor } from 'xstate'
import { admissionMachine } from '../../machines/admission/machine.ts'
import type { AdmissionEvent } from '../../machines/admission/types.ts'
import type { Candidate } from '../model/candidate.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import { actorOptions } from '../xstate/inspection.ts'
import { createOwners } from '../xstate/actor-owners.ts'
import type { Failure } from '../model/failure.ts'
import type { Settings } from '../settings/settings.ts'

/** How long the source must be quiet, and the first window in which a storm is gathered, in milliseconds. */
const QUIET_MS = 20
/** The longest window: what a change may be late by in a storm, in milliseconds. */
const MAX_WINDOW_MS = 250

type Deliver = (candidate: Candidate, wasFrozen: boolean) => void

const owners = createOwners<Deliver>()

/** The chart with its holes filled, once for all reloaders. */
const machine = admissionMachine.provide({
  actions: {
    deliver: ({ context: { newest }, system }) => newest && owners.of(system)(newest, false),
    deliverFrozen: ({ context: { newest }, system }) => newest && owners.of(system)(newest, true),
  },
  delays: {
    quiet: QUIET_MS,
    window: ({ context }) => Math.min(MAX_WINDOW_MS, QUIET_MS * 2 ** Math.min(context.windows, 10)),
  },
})

/** Runs the admission machine: what the source tells goes through it to the reload machine. */
export class Admission {
  readonly #actor

  constructor(settings: Settings, deliver: Deliver, report: (failure: Failure) => void) {
    this.#actor = createActor(machine, actorOptions('admission', settings, report))
    owners.note(this.#actor.system, deliver)
  }

  get actor(): ObservableActor {
    return this.#actor
  }

  start(): void {
    this.#actor.start()
  }

  stop(): void {
    this.#send({ type: 'close.requested' })
    this.#actor.stop()
  }

  offer(candidate: Candidate): void {
    this.#send({ type: 'source.changed', candidate })
  }

  /** What was read beside it: the newest is known to it, let through or not. */
  noteRead(candidate: Candidate): void {
    this.#send({ type: 'document.read', candidate })
  }

  freeze(): void {
    this.#send({ type: 'freeze.requested' })
  }

  unfreeze(): void {
    this.#send({ type: 'unfreeze.requested' })
  }

  get isFrozen(): boolean {
    return this.#actor.getSnapshot().matches('frozen')
  }

  /** The newest document that the source has shown. */
  get newest(): Candidate | undefined {
    return this.#actor.getSnapshot().context.newest
  }

  #send(event: AdmissionEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event)
  }
}
