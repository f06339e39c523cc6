import type { AnyActorRef } from 'xstate'

/** What the actors of one machine have in common. */
export type System = AnyActorRef['system']

/** Whose a machine is: a chart is filled once for all reloaders, so what moves has to find its own. */
export interface Owners<Parts> {
  readonly note: (system: System, parts: Parts) => void
  readonly of: (system: System) => Parts
}

export const createOwners = <Parts>(): Owners<Parts> => {
  const owners = new WeakMap<System, Parts>()
  return {
    note: (system, parts) => void owners.set(system, parts),
    of: (system) => {
      const parts = owners.get(system)
      if (parts === undefined) throw new Error('A machine that nobody has made')
      return parts
    },
  }
}
