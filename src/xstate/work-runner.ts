import type { Cancellable } from '../async/deadline.ts'
import type { HostCalls } from './host-calls.ts'

/** The answer of work, under the name that XState gives to the same event of an invoked actor. */
type Answer =
  | { readonly type: `xstate.done.actor.${string}`; readonly output: unknown }
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown }

/** What the work of a state is called with. */
export class WorkCall implements Cancellable {
  #controller: AbortController | undefined
  #callback: (() => void) | undefined
  #isCancelled = false

  /** Aborts when the machine leaves the state. Made when it is first read: most work never does, and it is expensive. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isCancelled) this.#controller.abort()
    return this.#controller.signal
  }

  onCancel(callback: () => void): void {
    if (this.#isCancelled) callback()
    else this.#callback = callback
  }

  /** Only the runner calls this. */
  cancel(): void {
    this.#isCancelled = true
    this.#controller?.abort()
    this.#callback?.()
  }
}

/**
 * Does the work that a machine asks for on entering a state, and sends its answer, at once if the work is no promise. An
 * actor for each state would cost eight times a plain transition (bench: reload).
 */
export class WorkRunner<Name extends string> {
  readonly #calls: HostCalls
  readonly #send: (answer: Answer) => void
  #current: WorkCall | undefined

  constructor(calls: HostCalls, send: (answer: Answer) => void) {
    this.#calls = calls
    this.#send = send
  }

  /** Begins once the event is processed that has led into the state; not at all if the state is left within it. */
  begin(name: Name, work: (call: WorkCall) => unknown): void {
    const call = new WorkCall()
    this.#current = call
    this.#calls.add(() => {
      if (this.#current === call) this.#run(name, work, call)
    })
  }

  /** Cancels work whose state is left; its answer is dropped. */
  stop(): void {
    const call = this.#current
    this.#current = undefined
    call?.cancel()
  }

  #run(name: Name, work: (call: WorkCall) => unknown, call: WorkCall): void {
    const onDone = (output: unknown): void => this.#answer(call, { type: `xstate.done.actor.${name}`, output })
    const onError = (error: unknown): void => this.#answer(call, { type: `xstate.error.actor.${name}`, error })
    let output: unknown
    try {
      output = work(call)
    } catch (error) {
      return onError(error)
    }
    if (output instanceof Promise) output.then(onDone, onError)
    else onDone(output)
  }

  #answer(call: WorkCall, answer: Answer): void {
    if (this.#current !== call) return
    this.#current = undefined
    this.#send(answer)
  }
}
