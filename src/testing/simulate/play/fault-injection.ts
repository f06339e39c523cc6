import type { Applier, CompensatingApplier, Generation } from '../../../api/applier.ts'
import type { Fault, FaultPhase } from '../scenario/scenario.ts'
import type { SeenGeneration, SeenModule } from '../check/reference-model.ts'
import { never, type SimulatedProcess } from './process.ts'
import { plantedText } from './source-faults.ts'

// One for all: what made it is told by the trace, and a stack for each would be dear.
const plantedError = Object.freeze(new Error(plantedText))

export const planted = (): Error => plantedError

/** What the wrapped modules tell, and ask. */
export interface FaultDesk {
  /** The failure that is planned for this call, if any; each call is asked for once. */
  readonly take: (module: string, phase: FaultPhase) => Fault | undefined
  /** The process dies here. */
  readonly crash: () => void
  readonly called: (
    module: SeenModule,
    phase: FaultPhase,
    generation: SeenGeneration | undefined,
    slice?: unknown,
  ) => void
  readonly returned: (module: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined) => void
  /** A call that no fault holds back begins to wait, or has ended. */
  readonly waits: (module: SeenModule, phase: FaultPhase, by: 1 | -1) => void
  /** Resolves when nothing is to fail any more. */
  readonly healed: Promise<void>
  readonly made: (generation: SeenGeneration, instance: unknown) => void
  /** How long the phase may take, in milliseconds. */
  readonly deadlineMs: (phase: FaultPhase) => number
}

/** One call that may take time. */
interface WaitingCall {
  readonly module: SeenModule
  readonly phase: FaultPhase
  readonly seen?: SeenGeneration
  /** Its signal is made when it is first asked for. */
  readonly context?: { readonly signal: AbortSignal }
  readonly slice?: unknown
}

const aborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal === undefined) return
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Wraps the modules of one process: each call is told, and fails as planned. */
export class FaultyModules {
  readonly #process: SimulatedProcess
  readonly #desk: FaultDesk

  constructor(process: SimulatedProcess, desk: FaultDesk) {
    this.#process = process
    this.#desk = desk
  }

  applier(module: SeenModule, inner: Applier<unknown, unknown, object>): Applier<unknown, unknown, object> {
    return {
      ...inner,
      prepare: (next, context) =>
        this.#wait({ module, phase: 'prepare', slice: next, context }, async () => {
          const made = await inner.prepare(next, this.#contextOf(module, context))
          return this.#generation(module, next, made)
        }),
    }
  }

  compensating(module: SeenModule, inner: CompensatingApplier<unknown>): CompensatingApplier<unknown> {
    return {
      ...inner,
      // No async functions: what throws at once must reach the runner as such.
      apply: (next, previous, context) => {
        const phase = context.direction === 'forward' ? 'apply' : 'undo'
        module.applied = 'unknown'
        return this.#wait({ module, phase, context }, async () => {
          await inner.apply(next, previous, this.#contextOf(module, context))
          module.applied = { slice: next }
        })
      },
      close: () =>
        this.#wait({ module, phase: 'close' }, async () => {
          await inner.close?.()
          module.applied = undefined
        }),
    }
  }

  #generation(module: SeenModule, slice: unknown, made: Generation<unknown>): Generation<unknown> {
    if (typeof made !== 'object' || made === null) return made
    const { ledger } = this.#process
    const seen = ledger.make(module, slice)
    const { commit, rollback, check, close } = made
    this.#desk.made(seen, made.instance)
    return {
      instance: made.instance,
      commit: () => this.#sync(module, 'commit', seen, () => commit?.call(made)),
      rollback: () => this.#sync(module, 'rollback', seen, () => rollback?.call(made)),
      check: (signal) =>
        this.#wait({ module, phase: 'check', seen, context: { signal } }, async () => check?.call(made, signal)),
      close: () => this.#wait({ module, phase: 'close', seen }, async () => close?.call(made)),
    }
  }

  /** Timers of a module are counted, so that one that waits for the real world can be told from one that waits for time. */
  #contextOf<Context extends { readonly signal: AbortSignal }>({ name }: SeenModule, context: Context): Context {
    // A copy would read the getter of `signal`, which makes one; and that getter wants its own object.
    return Object.create(context, {
      clock: { value: this.#process.clockFor(name), enumerable: true },
      signal: { get: () => context.signal, enumerable: true },
    }) as Context
  }

  #sync(module: SeenModule, phase: FaultPhase, seen: SeenGeneration, body: () => unknown): undefined {
    const fault = this.#desk.take(module.name, phase)
    this.#desk.called(module, phase, seen)
    if (fault?.kind === 'crash') {
      this.#desk.crash()
      throw planted() // nothing of a dead process is heard any more
    }
    // It failed half-way: the work is done, and then it throws.
    const returned = body() as undefined
    if (fault?.kind === 'throw') throw planted()
    if (fault?.kind === 'non-error') throw plantedText
    // The type forbids it; JavaScript does not.
    if (fault?.kind === 'twice') return Promise.reject(planted()) as unknown as undefined
    this.#desk.returned(module, phase, seen)
    return returned
  }

  #wait<T>({ module, phase, seen, context, slice }: WaitingCall, body: () => Promise<T>): Promise<T> {
    const fault = this.#desk.take(module.name, phase)
    this.#desk.called(module, phase, seen, slice)
    if (fault?.kind === 'throw') throw planted()
    const ended = this.#afterFault(
      fault,
      phase,
      context,
      fault === undefined ? () => this.#waiting(module, phase, body) : body,
    ).then((value) => {
      if (this.#process.isDead) return never<T>()
      this.#desk.returned(module, phase, seen)
      return value
    })
    return fault?.kind === 'twice' ? answeringTwice(ended) : ended
  }

  async #waiting<T>(module: SeenModule, phase: FaultPhase, body: () => Promise<T>): Promise<T> {
    this.#desk.waits(module, phase, 1)
    try {
      return await body()
    } finally {
      this.#desk.waits(module, phase, -1)
    }
  }

  async #afterFault<T>(
    fault: Fault | undefined,
    phase: FaultPhase,
    context: WaitingCall['context'],
    body: () => Promise<T>,
  ): Promise<T> {
    switch (fault?.kind) {
      case undefined:
      case 'throw':
      case 'twice':
        return body()
      case 'reject':
        throw planted()
      case 'non-error':
        throw plantedText
      case 'hang':
        await this.#desk.healed // for ever, had the world not been healed in the end
        return body()
      case 'late':
        await this.#process.sleep(3 * this.#desk.deadlineMs(phase))
        return body()
      case 'after-abort':
        await aborted(context?.signal)
        return body()
      case 'ignore-signal':
        await this.#process.sleep(this.#desk.deadlineMs(phase) / 2)
        return body()
      case 'crash':
        this.#desk.crash()
        return never<T>()
    }
  }
}

/** A promise-like that answers, then fails, then answers again, as a callback that is called twice does. */
const answeringTwice = <T>(ended: Promise<T>): Promise<T> => {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: being one is the point
    then: (resolve: (value: T) => void, reject: (error: unknown) => void): void => {
      ended.then((value) => {
        resolve(value)
        reject(planted())
        resolve(value)
      }, reject)
    },
  }
  return thenable as unknown as Promise<T>
}
