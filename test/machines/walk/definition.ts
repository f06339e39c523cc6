import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate'

export type AnyNode = AnyTransitionDefinition['source']
type AnyGuard = NonNullable<AnyTransitionDefinition['guard']>

/** One transition of a machine's definition. */
export interface Edge {
  readonly index: number
  readonly definition: AnyTransitionDefinition
  /** The dotted path of the state; the machine's id for a transition that every state has. */
  readonly source: string
  /** `source.changed`, `done of prepareModules`, `error of prepareModules`, `always`, `after backoff`. */
  readonly on: string
  readonly guard: string | undefined
  readonly targets: readonly string[]
  readonly actions: readonly string[]
  /** Describes the transition in one line. */
  readonly title: string
}

/** Lists the machine's states in the order of the definition, the machine itself first. */
export const nodesOf = (machine: AnyStateMachine): readonly AnyNode[] => {
  const collect = (node: AnyNode): AnyNode[] => [node, ...Object.values(node.states).flatMap(collect)]
  return collect(machine.root)
}

/** Returns the path of a state within its machine, and the machine's id for the root. */
export const pathOf = (node: AnyNode): string => (node.path.length === 0 ? node.machine.id : node.path.join('.'))

/** Returns the parts of `and`, `or` and `not`; undefined for a single guard. */
export const partsOf = (
  guard: AnyGuard,
): { readonly kind: 'and' | 'or' | 'not'; readonly parts: AnyGuard[] } | undefined => {
  if (typeof guard !== 'function' || !('guards' in guard)) return undefined
  const kind = guard.name
  if (kind !== 'and' && kind !== 'or' && kind !== 'not')
    throw new Error(`A guard is combined by ${kind}, which this file does not know`)
  return { kind, parts: guard.guards as AnyGuard[] }
}

/** Describes the guard, as in `isNewer and not hasServed`. */
export const guardName = (guard: AnyGuard): string => {
  const combined = partsOf(guard)
  if (combined?.kind === 'not') return `not ${combined.parts.map(guardName).join()}`
  if (combined !== undefined) return combined.parts.map(guardName).join(` ${combined.kind} `)
  if (typeof guard === 'string') return guard
  if (typeof guard === 'object' && 'type' in guard) return guard.type
  throw new Error('A guard has no name: name it in setup, so that a chart can show it')
}

/** Lists the names that a guard is made of. */
export const guardAtoms = (guard: AnyGuard): readonly string[] =>
  partsOf(guard)?.parts.flatMap(guardAtoms) ?? [guardName(guard)]

/** Describes the action, with its parameter if it has one, as in `finishTransaction(rejected)`. */
const actionName = (action: unknown): string => {
  if (typeof action === 'string') return action
  if (typeof action === 'object' && action !== null && 'type' in action) {
    const params = 'params' in action ? Object.values(action.params as object) : []
    return params.length === 0 ? String(action.type) : `${String(action.type)}(${params.join(', ')})`
  }
  throw new Error('An action has no name: name it in setup, so that a chart can show it')
}

/** Lists the entry actions of the definition, without those that XState adds to arm its timers. */
export const entryOf = (node: AnyNode): readonly string[] => namesIn(node.config.entry)

/** Lists the exit actions of the definition. */
export const exitOf = (node: AnyNode): readonly string[] => namesIn(node.config.exit)

const namesIn = (actions: unknown): readonly string[] => (actions === undefined ? [] : [actions].flat().map(actionName))

/** Lists the entry actions that the state awaits an answer to. */
export const workOf = (node: AnyNode): readonly string[] =>
  entryOf(node)
    .map((name) => name.replace(/\(.*/, ''))
    .filter((name) => node.transitions.has(`xstate.done.actor.${name}`))

/** Lists what runs while the machine is in the state: its work, and the actors that it invokes. */
export const runsOf = (node: AnyNode): readonly string[] => [
  ...node.invoke.map(({ src }) => String(src)),
  ...workOf(node),
]

const triggerOf = (node: AnyNode, eventType: string): string => {
  if (eventType === '') return 'always'
  const [, how, runs] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType) ?? []
  if (how !== undefined) return `${how} of ${runs}`
  const delayed = node.after.find((transition) => transition.eventType === eventType)
  return delayed === undefined ? eventType : `after ${String(delayed.delay)}`
}

const edgeOf = (definition: AnyTransitionDefinition, index: number): Edge => {
  const source = pathOf(definition.source)
  const on = triggerOf(definition.source, definition.eventType)
  const guard = definition.guard === undefined ? undefined : guardName(definition.guard)
  const targets = (definition.target ?? []).map(pathOf)
  const from = definition.source.parent === undefined ? 'any state' : source
  const to = targets.length === 0 ? 'stays there' : `${definition.reenter ? 'again ' : ''}to ${targets.join(' and ')}`
  const title = `from ${from} ${on.includes(' ') ? '' : 'on '}${on}${guard === undefined ? '' : ` [${guard}]`} ${to}`
  return {
    index,
    definition,
    source,
    on,
    guard,
    targets,
    actions: definition.actions.map(actionName),
    title: title.replace('on always', 'always'),
  }
}

/** Lists every transition of the definition, in its order, even if two look the same. */
export const edgesOf = (machine: AnyStateMachine): readonly Edge[] =>
  nodesOf(machine)
    .flatMap((node) => [...(node.always ?? []), ...[...node.transitions.values()].flat()])
    .map(edgeOf)
