import type { AnyMachineSnapshot } from 'xstate'
import { tookOf } from './instrument.ts'
import type { Move } from './moves.ts'
import type { Step, Stepper } from './stepper.ts'

/** A situation that can be reached, and the shortest path to it. */
export interface Reached {
  readonly snapshot: AnyMachineSnapshot
  readonly input: object | undefined
  readonly moves: readonly Move[]
}

export interface Exploration {
  readonly reached: readonly Reached[]
  /** The shortest path that ends with each edge, by the index of the edge. */
  readonly paths: ReadonlyMap<number, Reached>
}

export interface ExploreOptions {
  readonly inputs: readonly (object | undefined)[]
  /** Lists everything that may happen in a situation. */
  readonly moves: (snapshot: AnyMachineSnapshot) => readonly Move[]
  /** Returns what distinguishes two situations; revisions and counters do not. */
  readonly project: (snapshot: AnyMachineSnapshot) => unknown
  /** Called for every step of the exploration. */
  readonly onStep?: (before: AnyMachineSnapshot, move: Move, after: Step) => void
  /** Bounds the number of situations; exceeding it is a failure. */
  readonly limit: number
}

/** Explores breadth first, so that every path is a shortest one. */
export const explore = (stepper: Stepper, options: ExploreOptions): Exploration => {
  const { inputs, project, onStep, limit } = options
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
    if (reached.length > limit) throw new Error(`More than ${limit} situations: the projection distinguishes too many`)
  }

  for (const input of inputs) {
    const first = stepper.initial(input)
    arrive({ snapshot: first.snapshot, input, moves: [] }, first)
  }
  // `reached` is also the queue: it grows while it is read.
  for (const { snapshot, input, moves } of reached) {
    for (const move of options.moves(snapshot)) {
      const step = stepper.step(snapshot, move.event)
      onStep?.(snapshot, move, step)
      arrive({ snapshot: step.snapshot, input, moves: [...moves, move] }, step)
    }
  }
  return { reached, paths }
}
