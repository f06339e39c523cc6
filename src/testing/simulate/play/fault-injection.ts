import { isThenable } from '../../../async/thenable.ts'
import type { Applier, CompensatingApplier, Generation, PrepareContext } from '../../../api/applier.ts'
import type { Invariants } from '../check/invariants.ts'
import type { Prepared, SeenGeneration, SeenModule } from '../check/reference-model.ts'
import type { Fault, FaultPhase } from '../scenario/scenario.ts'
import type { CallDeps } from './fault-plan.ts'
import { plantedError, plantedOutageError, plantedPermanentError, plantedText, settlingTwice } from './planted-error.ts'
import { never } from './process.ts'
import { deadlines } from './time-budget.ts'

/** One call of a module. */
interface Call {
  readonly module: SeenModule
  readonly phase: FaultPhase
  readonly generation?: SeenGeneration
  /** The context creates its signal when the signal is first read. */
  readonly context?: { readonly signal: AbortSignal }
  readonly prepared?: Prepared
}

/** Wraps the appliers of one process: each call is observed, for the log and the invariants, and fails as planned. */
export class FaultInjection {
  readonly #deps: CallDeps
  readonly #invariants: Invariants

  constructor(deps: CallDeps, invariants: Invariants) {
    this.#deps = deps
    this.#invariants = invariants
  }

  wrapApplier(module: SeenModule, inner: Applier<unknown, unknown, object>): Applier<unknown, unknown, object> {
    return {
      ...inner,
      prepare: (next, context, previousInstance) =>
        this.#callPrepare(module, next, context, (prepared) => {
          const making = inner.prepare(next, this.#wrapContext(module, context, prepared.clock), previousInstance)
          const wrap = (made: Generation<unknown>) => this.#wrapGeneration(module, prepared, made)
          return isThenable(making) ? Promise.resolve(making).then(wrap) : wrap(making)
        }),
    }
  }

  wrapCompensating(module: SeenModule, inner: CompensatingApplier<unknown>): CompensatingApplier<unknown> {
    return {
      ...inner,
      // Not an async function: a synchronous throw must reach the reloader as one.
      apply: (next, previous, context) => {
        const phase = context.direction === 'forward' ? 'apply' : 'undo'
        module.applied = 'unknown'
        return this.#callAsync({ module, phase, context }, async () => {
          const { rotation } = this.#deps.process.model
          await inner.apply(next, previous, this.#wrapContext(module, context))
          module.applied = { slice: next, rotation }
        })
      },
      close: () =>
        this.#callAsync({ module, phase: 'close' }, async () => {
          await inner.close?.()
          module.applied = undefined
        }),
    }
  }

  #callPrepare<T>(
    module: SeenModule,
    slice: unknown,
    context: Pick<PrepareContext<unknown, object>, 'signal' | 'needs' | 'defer'>,
    body: (prepared: Prepared) => T | Promise<T>,
  ): T | Promise<T> {
    const { process } = this.#deps
    const { model } = process
    const prepared: Prepared = {
      slice,
      rotation: model.rotation,
      needs: { ...context.needs },
      cleanups: 0,
      ...process.clockForGeneration(module.name),
    }
    if (!process.isDead) {
      context.defer(() => {
        prepared.cleanups += 1
      })
    }
    return this.#call({ module, phase: 'prepare', prepared, context }, () => body(prepared))
  }

  #wrapGeneration(module: SeenModule, prepared: Prepared, made: Generation<unknown>): Generation<unknown> {
    if (typeof made !== 'object' || made === null) return made
    const { instance, commit, rollback, check, close } = made
    const generation = this.#deps.process.model.addGeneration(module, prepared, instance)
    return {
      instance,
      commit: () => this.#callSync(module, 'commit', generation, () => commit?.call(made)),
      rollback: () => this.#callSync(module, 'rollback', generation, () => rollback?.call(made)),
      check: (signal) =>
        this.#callAsync({ module, phase: 'check', generation, context: { signal } }, async () =>
          check?.call(made, signal),
        ),
      close: () => this.#callAsync({ module, phase: 'close', generation }, async () => close?.call(made)),
    }
  }

  /** Gives the module a clock that counts its timers. */
  #wrapContext<Context extends { readonly signal: AbortSignal }>(
    { name }: SeenModule,
    context: Context,
    clock = this.#deps.process.clockFor(name),
  ): Context {
    // The signal is made when it is first read. Its getter is on the prototype, so a copy does not read it.
    return Object.defineProperty({ ...context, clock }, 'signal', { get: () => context.signal, enumerable: true })
  }

  #callSync(module: SeenModule, phase: FaultPhase, generation: SeenGeneration, body: () => unknown): undefined {
    const fault = this.#takeFault(module.name, phase)
    this.#onCall({ module, phase, generation })
    if (fault?.kind === 'crash') {
      this.#deps.crash()
      throw plantedError // nothing observes a dead process
    }
    // The call fails half-way: it does its work and then throws.
    const returned = body() as undefined
    if (fault?.kind === 'throw') throw plantedError
    if (fault?.kind === 'non-error') throw plantedText
    // TypeScript forbids a promise here, but JavaScript does not.
    if (fault?.kind === 'twice') return Promise.reject(plantedError) as unknown as undefined
    this.#onReturn({ module, phase, generation })
    return returned
  }

  /** Like {@link #call}, for what the reloader awaits in any case. */
  #callAsync<T>(call: Call, body: () => Promise<T>): Promise<T> {
    return this.#call(call, body) as Promise<T>
  }

  /** Calls a module. What answers at once in production answers at once here, unless it is to fail. */
  #call<T>(call: Call, body: () => T | Promise<T>): T | Promise<T> {
    const { process } = this.#deps
    const { module, phase } = call
    const fault = this.#takeFault(module.name, phase)
    this.#onCall(call)
    if (fault?.kind === 'throw') this.#fail(call, plantedError)
    if (fault !== undefined) return this.#settle(call, this.#afterFault(fault, call, body), fault)
    let returned: T | Promise<T>
    try {
      returned = body()
    } catch (error) {
      return this.#fail(call, error)
    }
    if (isThenable(returned))
      return this.#settle(
        call,
        process.track(module.name, phase, async () => returned),
      )
    if (!process.isDead) this.#onReturn(call)
    return returned
  }

  #settle<T>(call: Call, settling: Promise<T>, fault?: Fault): Promise<T> {
    const { process } = this.#deps
    const settled = settling.then(
      (value) => {
        if (process.isDead) return never<T>()
        this.#onReturn(call)
        return value
      },
      (error: unknown) => this.#fail(call, error),
    )
    return fault?.kind === 'twice' ? settlingTwice(settled) : settled
  }

  /** Notes that a call begins, and performs the steps that are planned during it. */
  #onCall({ module, phase, generation, prepared }: Call): void {
    const { process, plan, log, onDuring } = this.#deps
    if (process.isDead) return
    log.note({ kind: 'call', module: module.name, phase, generation: generation?.id ?? 0 })
    if (phase === 'prepare' || phase === 'apply') process.model.running.calledAt ??= process.clock.monotonic()
    this.#invariants.onCall(module, phase, generation, prepared)
    for (const step of plan.stepsDuring(`${module.name}.${phase}`)) onDuring(step)
  }

  /** Notes that a call has succeeded. */
  #onReturn({ module: { name }, phase, generation }: Call): void {
    const { process, log } = this.#deps
    if (process.isDead) return
    const { preparing, unchecked } = process.model.running
    if (phase === 'close' && generation !== undefined) generation.closedAt = process.clock.monotonic()
    if (phase === 'prepare') preparing.delete(name)
    if (phase === 'check') unchecked.delete(name)
    log.note({ kind: 'return', module: name, phase, generation: generation?.id ?? 0 })
  }

  /** Notes that a call has failed, and throws its error. */
  #fail({ module, prepared }: Call, error: unknown): never {
    const { isDead, model, clock } = this.#deps.process
    if (prepared !== undefined && !isDead) model.noteFailedPrepare(module, prepared, clock.monotonic())
    throw error
  }

  #takeFault(module: string, phase: FaultPhase): Fault | undefined {
    const { process, plan, log } = this.#deps
    const fault = process.isDead ? undefined : plan.takeFault(`${module}.${phase}`, log)
    if (fault !== undefined && phase === 'rollback') process.model.running.rollbackFailures.push(module)
    if (fault?.kind === 'permanent') process.model.running.permanentFailures.add(module)
    return fault
  }

  async #afterFault<T>(fault: Fault, { phase, context }: Call, body: () => T | Promise<T>): Promise<T> {
    const { process, plan, crash } = this.#deps
    switch (fault.kind) {
      case 'throw':
      case 'twice':
        return body()
      case 'reject':
        throw plantedError
      case 'non-error':
        throw plantedText
      case 'permanent':
        throw plantedPermanentError
      case 'outage':
        throw plantedOutageError
      case 'hang':
        await plan.healed // would be for ever, but everything is healed in the end
        return body()
      case 'late':
        await process.sleep(3 * deadlineMsOf(phase))
        return body()
      case 'after-abort':
        await aborted(context?.signal)
        return body()
      case 'ignore-signal':
        await process.sleep(deadlineMsOf(phase) / 2)
        return body()
      case 'crash':
        crash()
        return never<T>()
    }
  }
}

const deadlineMsOf = (phase: FaultPhase): number =>
  deadlines[`${phase === 'undo' ? 'apply' : phase}Ms` as 'prepareMs'] ?? 0

const aborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) resolve()
    else signal?.addEventListener('abort', () => resolve(), { once: true })
  })
