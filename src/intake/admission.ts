import { createActor } from 'xstate'
import { createAdmissionMachine } from '../../machines/admission/machine.ts'
import type { AdmissionEvent } from '../../machines/admission/types.ts'
import type { Clock } from '../api/clock.ts'
import { lazy } from '../async/lazy.ts'
import type { Candidate } from '../model/candidate.ts'
import type { HostCalls } from '../xstate/host-calls.ts'
import { type ActorSettings, actorOptions, type Report } from '../xstate/inspection.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import { SystemDeps } from '../xstate/system-deps.ts'

/** The first window in which a storm is gathered, in milliseconds. */
const MIN_WINDOW_MS = 20
/** The longest window, and so the longest delay of a change in a storm, in milliseconds. */
const MAX_WINDOW_MS = 250

/** Takes a candidate that was let through; `wasFrozen` if a freeze has held it back. */
export type Deliver = (candidate: Candidate, wasFrozen: boolean) => void

const deliverOf = new SystemDeps<Deliver>()

/** Filled for the first reloader: XState takes milliseconds to make it (bench: import). */
const machine = lazy(() =>
  createAdmissionMachine().provide({
    actions: {
      deliver: ({ context: { newest }, system }) => newest && deliverOf.of(system)(newest, false),
      deliverFrozen: ({ context: { newest }, system }) => newest && deliverOf.of(system)(newest, true),
    },
    delays: {
      window: ({ context }) => Math.min(MAX_WINDOW_MS, MIN_WINDOW_MS * 2 ** Math.min(context.windows, 10)),
    },
  }),
)

/** Runs the admission machine, which paces changes on their way to the reload machine and holds them while frozen. */
export class Admission {
  readonly #calls: HostCalls
  readonly #clock: Clock
  readonly #actor

  constructor(settings: ActorSettings, deliver: Deliver, report: Report, calls: HostCalls) {
    this.#calls = calls
    this.#clock = settings.clock
    this.#actor = createActor(machine(), actorOptions('admission', settings, report, calls))
    deliverOf.set(this.#actor.system, (candidate, wasFrozen) =>
      // What a freeze has overtaken is delivered again when changes are unfrozen.
      calls.add(() => this.isFrozen || deliver(candidate, wasFrozen)),
    )
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
    this.#send({ type: 'source.changed', candidate, at: this.#clock.monotonic() })
  }

  /** Notes what `reload()` has read, so that the newest document is known, let through or not. */
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
    if (this.#actor.getSnapshot().status === 'active') this.#calls.around(() => this.#actor.send(event))
  }
}
