import { and, type AnyStateMachine, type AnyTransitionDefinition, not, or } from 'xstate'
import { type Edge, edgesOf, guardName, partsOf } from './definition.ts'
import type { Effect } from './stepper.ts'

type AnyGuard = NonNullable<AnyTransitionDefinition['guard']>
type Combine = (guards: readonly AnyGuard[]) => AnyGuard

const TOOK = 'walk.took'

/** One guard at one place of the definition, and what it has answered there. */
export interface Verdicts {
  readonly title: string
  yes: number
  no: number
}

export interface Instrumented {
  readonly machine: AnyStateMachine
  readonly edges: readonly Edge[]
  /** Every guard at every place where it stands, alone or within `and`. */
  readonly guards: readonly Verdicts[]
}

/**
 * A copy of the machine that tells which transitions it takes, by identity, and how each guard answers at each place.
 * It decides as the original does: the marks are actions and guards that change nothing.
 */
export const instrument = (original: AnyStateMachine): Instrumented => {
  const machine = original.provide({})
  const guards: Verdicts[] = []

  const observe = (guard: AnyGuard, title: string): AnyGuard => {
    const combined = partsOf(guard)
    if (combined !== undefined) {
      const parts = combined.parts.map((part) => observe(part, title))
      const combine = { and, or, not: ([part]: readonly AnyGuard[]) => not(part as 'guard') }[combined.kind] as Combine
      return combine(parts)
    }
    const verdicts: Verdicts = { title: `${guardName(guard)}, ${title}`, yes: 0, no: 0 }
    guards.push(verdicts)
    const asked = () => {
      verdicts.no++
      return true
    }
    const agreed = () => {
      verdicts.no--
      verdicts.yes++
      return true
    }
    return (and as unknown as Combine)([asked, guard, agreed])
  }

  const edges = edgesOf(machine)
  for (const { index, title, definition } of edges) {
    definition.actions = [{ type: TOOK, params: { index } }, ...definition.actions]
    if (definition.guard !== undefined) definition.guard = observe(definition.guard, title)
  }
  return { machine, edges, guards }
}

/** Which transitions a step of an instrumented machine took, by the index of the edge. */
export const tookOf = (effects: readonly Effect[]): readonly number[] =>
  effects.filter(({ type }) => type === TOOK).map(({ params }) => params.index as number)
