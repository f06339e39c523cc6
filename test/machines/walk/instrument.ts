import { and, type AnyStateMachine, type AnyTransitionDefinition, not, or } from 'xstate'
import { type Edge, edgesOf, guardName, partsOf } from './definition.ts'
import type { Effect } from './stepper.ts'

type AnyGuard = NonNullable<AnyTransitionDefinition['guard']>
type Combine = (guards: readonly AnyGuard[]) => AnyGuard

const TOOK = 'walk.took'

/** One guard at one place of the definition, and how often it answered yes and no there. */
export interface Verdicts {
  readonly title: string
  yes: number
  no: number
}

export interface Instrumented {
  readonly machine: AnyStateMachine
  readonly edges: readonly Edge[]
  /** Every guard at every place, alone or within `and`. */
  readonly guards: readonly Verdicts[]
}

/**
 * Copies the machine so that it reports which transitions it takes and how each guard answers at each place. The copy
 * decides as the original does, because the added actions and guards change nothing.
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

/** Lists the transitions that a step of an instrumented machine took, by the index of the edge. */
export const tookOf = (effects: readonly Effect[]): readonly number[] =>
  effects.filter(({ type }) => type === TOOK).map(({ params }) => params.index as number)
