import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import { tookOf } from './instrument.ts'
import type { Step, Stepper } from './stepper.ts'

/** Something that may happen next, in words. */
export interface Move {
  readonly title: string
  readonly event: AnyEventObject
}

/** A situation that can be reached, and the shortest way there. */
export interface Reached {
  readonly snapshot: AnyMachineSnapshot
  readonly input: object | undefined
  readonly path: readonly Move[]
}

export interface Exploration {
  readonly reached: readonly Reached[]
  /** For each edge that could be taken, by index, the shortest path whose last move takes it. */
  readonly paths: ReadonlyMap<number, Reached>
}

export interface ExploreOptions {
  readonly inputs: readonly (object | undefined)[]
  /** All that may happen in a situation. */
  readonly moves: (snapshot: AnyMachineSnapshot) => readonly Move[]
  /** What tells two situations apart; revisions and counters do not. */
  readonly project: (snapshot: AnyMachineSnapshot) => unknown
  /** Called for every step of the exploration. */
  readonly onStep?: (before: AnyMachineSnapshot, move: Move, after: Step) => void
  /** Bound on the number of situations; more is a failure, not a cut. */
  readonly limit: number
}

/** Breadth first, so that every path is a shortest one. */
export const explore = (stepper: Stepper, options: ExploreOptions): Exploration => {
  const { inputs, moves, project, onStep, limit } = options
  const known = new Set<string>()
  const reached: Reached[] = []
  const paths = new Map<number, Reached>()

  const arrive = (candidate: Reached, { effects }: Step) => {
    for (const edge of tookOf(effects)) {
      if (!paths.has(edge)) paths.set(edge, candidate)
    }
    const key = JSON.stringify(project(candidate.snapshot))
    if (known.has(key)) return
    known.add(key)
    reached.push(candidate)
    if (reached.length > limit) throw new Error(`More than ${limit} situations: the projection tells too many apart`)
  }

  for (const input of inputs) {
    const first = stepper.initial(input)
    arrive({ snapshot: first.snapshot, input, path: [] }, first)
  }
  // `reached` grows while it is walked: it is the queue.
  for (const { snapshot, input, path } of reached) {
    for (const move of moves(snapshot)) {
      const step = stepper.step(snapshot, move.event)
      onStep?.(snapshot, move, step)
      arrive({ snapshot: step.snapshot, input, path: [...path, move] }, step)
    }
  }
  return { reached, paths }
}
