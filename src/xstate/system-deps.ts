import type { AnyActorRef } from 'xstate'

/** What the actors of one machine have in common. */
export type System = AnyActorRef['system']

/**
 * Maps an actor system to the dependencies of its reloader. A machine is provided with its actors once for all
 * reloaders, so each actor has to find its own.
 */
export class SystemDeps<Deps> {
  readonly #bySystem = new WeakMap<System, Deps>()

  set(system: System, deps: Deps): void {
    this.#bySystem.set(system, deps)
  }

  readonly of = (system: System): Deps => {
    const deps = this.#bySystem.get(system)
    if (deps === undefined) throw new Error('A machine that no reloader has made')
    return deps
  }
}
