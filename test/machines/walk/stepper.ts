import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createEmptyActor,
  type MachineContext,
} from 'xstate'

/** An action that a step asked its host to perform. */
export interface Effect {
  readonly type: string
  readonly params: Readonly<Record<string, unknown>>
  /** The context at the moment of the action. */
  readonly context: MachineContext
  readonly event: AnyEventObject
}

export interface Step {
  readonly snapshot: AnyMachineSnapshot
  readonly effects: readonly Effect[]
}

/** The machine as a pure function. */
export interface Stepper {
  readonly machine: AnyStateMachine
  readonly initial: (input?: object) => Step
  readonly step: (snapshot: AnyMachineSnapshot, event: AnyEventObject) => Step
}

type Scope = Parameters<AnyStateMachine['transition']>[2]

/**
 * XState's own `transition()` makes a new system at every step; this one keeps one, which is ten times as fast and
 * makes walks of 100,000 events cheap. No actor is ever started and no timer armed.
 */
export const createStepper = (machine: AnyStateMachine): Stepper => {
  const self = createEmptyActor()
  let effects: Effect[] = []
  const actionExecutor: Scope['actionExecutor'] = ({ type, params, info }) => {
    effects.push({ type, params: (params ?? {}) as Effect['params'], context: info.context, event: info.event })
  }
  const scope = {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: self.system,
    logger: () => undefined,
    defer: () => undefined,
    emit: () => undefined,
    stopChild: () => undefined,
    actionExecutor,
  } as unknown as Scope // `self` would be an actor of this very machine; nothing here talks to it
  const collect = (run: () => AnyMachineSnapshot): Step => {
    effects = []
    const snapshot = run()
    // XState turns a throw in a guard or an action into a state of its own.
    if (snapshot.status === 'error') throw snapshot.error
    return { snapshot, effects }
  }
  return {
    machine,
    initial: (input) => collect(() => machine.getInitialSnapshot(scope, input)),
    step: (snapshot, event) => collect(() => machine.transition(snapshot, event, scope)),
  }
}

/** The state as one dotted path; these machines have no parallel states. */
export const stateOf = ({ value }: Pick<AnyMachineSnapshot, 'value'>): string => {
  let path = ''
  let part: unknown = value
  while (typeof part === 'object' && part !== null) {
    const [key = ''] = Object.keys(part)
    path += `${key}.`
    part = (part as Readonly<Record<string, unknown>>)[key]
  }
  return path + String(part)
}

type Names = ReadonlyMap<string, string>

/** Computed once for each state of each machine: walks ask the same again and again. */
const perState = (compute: (snapshot: AnyMachineSnapshot) => Names) => {
  const machines = new WeakMap<AnyStateMachine, Map<string, Names>>()
  return (snapshot: AnyMachineSnapshot): Names => {
    const states = machines.get(snapshot.machine) ?? new Map<string, Names>()
    machines.set(snapshot.machine, states)
    const state = stateOf(snapshot)
    const names = states.get(state) ?? compute(snapshot)
    states.set(state, names)
    return names
  }
}

/** The actors that run in this state: the id of each by the name of its hole. */
export const runningIn = perState(
  ({ _nodes }) => new Map(_nodes.flatMap((node) => node.invoke.map(({ src, id }) => [String(src), id]))),
)

/** The timers that are armed in this state: the event of each by the name of its delay. */
export const armedIn = perState(
  ({ _nodes }) =>
    new Map(_nodes.flatMap((node) => node.after.map(({ delay, eventType }) => [String(delay), eventType]))),
)

const eventOf = (kind: string, name: string, type: string | undefined, snapshot: AnyMachineSnapshot): string => {
  if (type === undefined) throw new Error(`No ${kind} ${name} in ${stateOf(snapshot)}`)
  return type
}

/** The actor of this hole answers; it must be running. */
export const answerOf = (snapshot: AnyMachineSnapshot, actor: string, output: unknown): AnyEventObject => {
  const id = eventOf('actor', actor, runningIn(snapshot).get(actor), snapshot)
  return { type: `xstate.done.actor.${id}`, actorId: id, output }
}

/** The actor of this hole breaks its promise and rejects; it must be running. */
export const breakOf = (snapshot: AnyMachineSnapshot, actor: string): AnyEventObject => {
  const id = eventOf('actor', actor, runningIn(snapshot).get(actor), snapshot)
  return { type: `xstate.error.actor.${id}`, actorId: id, error: new Error('broken') }
}

/** The time of this delay has passed; its timer must be armed. */
export const elapseOf = (snapshot: AnyMachineSnapshot, delay: string): AnyEventObject => ({
  type: eventOf('timer', delay, armedIn(snapshot).get(delay), snapshot),
})
