import type { MachineState, TakenTransition } from '../api/internal/machine-state.ts'

/** The part of an XState actor that is looked at. Declared here, since the types of a reloader name no dependency's. */
export interface ObservableActor {
  readonly id: string
  readonly logic: unknown
  readonly getSnapshot: () => unknown
  readonly system: {
    readonly inspect: (observer: { readonly next: (event: InspectionFrame) => void }) => {
      readonly unsubscribe: () => void
    }
  }
}

/** The part of XState's inspection events that is looked at. */
interface InspectionFrame {
  readonly type: string
  readonly actorRef: unknown
  readonly event?: { readonly type: string }
  readonly snapshot?: unknown
  readonly _transitions?: readonly Transition[]
}

interface Transition {
  readonly eventType: string
  readonly source: {
    readonly id: string
    readonly always?: readonly Transition[] | undefined
    readonly transitions: ReadonlyMap<string, readonly Transition[]>
  }
  readonly target?: readonly { readonly id: string }[] | undefined
}

/** Follows an actor's machine until the returned function is called. Nothing here throws into the machine. */
export const observeMachine = <Machine extends string>(
  machine: Machine,
  actor: ObservableActor,
  now: () => number,
  hear: (state: MachineState<Machine>) => void,
): (() => void) => {
  let taken: TakenTransition[] = []
  const next = ({ type, actorRef, event, snapshot, _transitions = [] }: InspectionFrame): void => {
    if (actorRef !== actor) return
    if (type === '@xstate.microstep') taken.push(..._transitions.map(takenOf))
    if (type !== '@xstate.snapshot') return
    const steps = taken
    taken = []
    // An event that the machine does not take in this state changes nothing visible.
    if (steps.length > 0) hear(stateOf(machine, actor, snapshot, event?.type ?? '', steps, now()))
  }
  const subscription = actor.system.inspect({
    next: (event) => {
      try {
        next(event)
      } catch {
        taken = [] // XState's events may have changed; the machine must not notice.
      }
    },
  })
  return () => subscription.unsubscribe()
}

/** Where an actor's machine is, with no transition to show. */
export const shownState = <Machine extends string>(
  machine: Machine,
  actor: ObservableActor,
  at: number,
): MachineState<Machine> => stateOf(machine, actor, actor.getSnapshot(), 'xstate.init', [], at)

const stateOf = <Machine extends string>(
  machine: Machine,
  { logic, id }: ObservableActor,
  snapshot: unknown,
  event: string,
  taken: readonly TakenTransition[],
  at: number,
): MachineState<Machine> => {
  const { value } = (snapshot ?? {}) as { readonly value?: unknown }
  // The machine's id begins the ids of its states. An actor has an id of its own.
  const root = (logic as { readonly id?: string } | undefined)?.id ?? id
  const active = idsOf(value, root)
  const innermost = active.at(-1) ?? root
  const state = innermost.slice(innermost.lastIndexOf('.') + 1)
  return { machine, value, state, active, event, taken, at }
}

const idsOf = (value: unknown, parent: string): string[] => {
  if (typeof value === 'string') return [`${parent}.${value}`]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, below]) => [`${parent}.${key}`, ...idsOf(below, `${parent}.${key}`)])
}

const takenOf = (transition: Transition): TakenTransition => {
  const { source, eventType, target } = transition
  const siblings = eventType === '' ? source.always : source.transitions.get(eventType)
  return {
    source: source.id,
    event: eventType,
    index: Math.max(0, siblings?.indexOf(transition) ?? 0),
    targets: target?.map(({ id }) => id) ?? [],
  }
}
