/** The machines of a reloader. */
export type MachineName = 'reload' | 'watch' | 'admission'

/** A transition that a machine has taken, by the names that XState gives to states and events. */
export interface TakenTransition {
  /** Id of the state that has the transition. */
  readonly source: string
  /** XState's event descriptor; empty for an `always`. */
  readonly event: string
  /** Which of the source's transitions for that event, in the chart's order. */
  readonly index: number
  /** Ids of the states it leads to; none where it stays. */
  readonly targets: readonly string[]
}

/** Where a machine is, and how it came there. Names only. */
export interface MachineState<Machine extends string = string> {
  readonly machine: Machine
  readonly value: unknown
  /** Innermost state. */
  readonly state: string
  /** Ids of all active states, from outer to inner; without the machine's own. */
  readonly active: readonly string[]
  /** Type of the event that led here. */
  readonly event: string
  /** In order, each `always` included. */
  readonly taken: readonly TakenTransition[]
  /** Wall-clock time. */
  readonly at: number
}
