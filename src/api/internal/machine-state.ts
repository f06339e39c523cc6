/** The machines of a reloader. */
export type MachineName = 'reload' | 'watch' | 'admission'

/** A transition that a machine has taken, by the names that XState gives to states and events. */
export interface TakenTransition {
  /** Id of the state that has the transition. */
  readonly source: string
  /** XState's event descriptor; empty for an `always`. */
  readonly event: string
  /** The position among the source's transitions for that event, from 0. */
  readonly index: number
  /** Ids of the target states; empty if the machine stays in its state. */
  readonly targets: readonly string[]
}

/** The state of a machine, and the transitions that led to it. Names only. */
export interface MachineState<Machine extends string = string> {
  readonly machine: Machine
  /** XState's state value. */
  readonly value: unknown
  /** Name of the innermost active state. */
  readonly state: string
  /** Ids of all active states from outer to inner, without the machine itself. */
  readonly active: readonly string[]
  /** Type of the event that led to this state. */
  readonly event: string
  /** The transitions in order, including each `always`. */
  readonly taken: readonly TakenTransition[]
  /** Wall-clock time in milliseconds since the Unix epoch. */
  readonly at: number
}
