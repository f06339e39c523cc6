import type { AnyActorRef, InspectionEvent } from 'xstate'
import type {
  InspectionEventBase,
  InspectedActor,
  InspectedSnapshot,
  MachineInspectionEvent,
} from '../api/machine-inspector.ts'
import { safeCause } from '../model/cause/safe-cause.ts'
import { shownFields, shownPart } from './shown-fields.ts'

const actors = new WeakMap<object, InspectedActor>()

const viewOfActor = (ref: object): InspectedActor => {
  const known = actors.get(ref)
  if (known !== undefined) return known
  const actor = ref as AnyActorRef & { readonly logic?: { readonly config?: unknown } }
  const { id, sessionId, _parent, logic } = actor
  // For a child, `config` is the function that does its work.
  const chart = logic?.config
  const view: InspectedActor = Object.freeze({
    id,
    sessionId,
    _parent: _parent === undefined ? undefined : viewOfActor(_parent),
    logic: Object.freeze(typeof chart === 'object' && chart !== null ? { config: definitionOf(chart) } : {}),
    getSnapshot: () => viewOfSnapshot(snapshotOf(actor)),
    send: () => {},
    toJSON: () => ({ xstate$$type: 1, id }), // as XState's own actors
  })
  actors.set(ref, view)
  return view
}

/** XState throws if an actor has no snapshot yet: it is announced before it has its first state. */
const snapshotOf = (actor: AnyActorRef): unknown => {
  try {
    return actor.getSnapshot()
  } catch {
    return undefined
  }
}

/** Copies a state value. It holds the machine's own names only. */
const copyOfValue = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? mapFields(value, copyOfValue) : value

const viewOfSnapshot = (snapshot: unknown): InspectedSnapshot => {
  const { status, value, context, children, input, output, error } = (snapshot ?? {}) as Readonly<
    Record<string, unknown>
  >
  return {
    status: status ?? 'active',
    ...(value === undefined ? {} : { value: copyOfValue(value) }),
    ...(context === undefined ? {} : { context: shownPart(context, shownFields.context) }),
    ...(children === undefined ? {} : { children: mapFields(children as object, (ref) => viewOfActor(ref as object)) }),
    ...(input === undefined ? {} : { input: shownPart(input, shownFields.input) }),
    output: shownPart(output, shownFields.output),
    error: error === undefined ? undefined : safeCause(error),
  } as InspectedSnapshot
}

const mapFields = <Value>(fields: object, map: (value: unknown) => Value): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(value)]))

const viewOfEvent = (event: Readonly<Record<string, unknown>> & { readonly type: string }) => {
  const { type, input, output, error, data } = event
  return {
    type,
    ...(shownPart(event, shownFields.event) as object),
    ...(input === undefined ? {} : { input: shownPart(input, shownFields.input) }),
    ...(output === undefined ? {} : { output: shownPart(output, shownFields.output) }),
    ...('error' in event ? { error: safeCause(error) } : {}),
    // The events that an actor sends itself when its promise settles.
    ...(type === 'xstate.promise.resolve' ? { data: shownPart(data, shownFields.output) } : {}),
    ...(type === 'xstate.promise.reject' ? { data: safeCause(data) } : {}),
  }
}

/** Copies the part of an inspection event that may be shown; undefined for events that a later XState may add. */
export const viewOf = (event: InspectionEvent): MachineInspectionEvent | undefined => {
  const inspected: InspectionEventBase = { rootId: event.rootId, actorRef: viewOfActor(event.actorRef) }
  switch (event.type) {
    case '@xstate.actor':
      return { type: event.type, ...inspected }
    case '@xstate.event': {
      const sourceRef = event.sourceRef === undefined ? undefined : viewOfActor(event.sourceRef)
      return { type: event.type, ...inspected, sourceRef, event: viewOfEvent(event.event) }
    }
    case '@xstate.snapshot':
      return {
        type: event.type,
        ...inspected,
        event: viewOfEvent(event.event),
        snapshot: viewOfSnapshot(event.snapshot),
      }
    case '@xstate.microstep': {
      const step = { event: viewOfEvent(event.event), snapshot: viewOfSnapshot(event.snapshot) }
      return { type: event.type, ...inspected, ...step, _transitions: [] }
    }
    case '@xstate.action': {
      const { type, params } = event.action
      return { type: event.type, ...inspected, action: { type, params: shownPart(params, shownFields.params) } }
    }
    default:
      return undefined
  }
}

const definitions = new WeakMap<object, object>()

/**
 * A machine's config as plain, frozen data: a viewer can draw it and cannot change the machine. Made once for each
 * machine, and without its first context, which is data.
 */
const definitionOf = (machine: object): object => {
  const known = definitions.get(machine)
  if (known !== undefined) return known
  const { context: _, ...drawn } = machine as { readonly context?: unknown }
  const made = plain(drawn) as object
  definitions.set(machine, made)
  return made
}

const plain = (value: unknown): unknown => {
  if (typeof value === 'function') return Object.freeze({ type: nameOf(value) })
  if (Array.isArray(value)) return Object.freeze(value.map(plain))
  if (typeof value !== 'object' || value === null) return value
  return Object.freeze(mapFields(value, plain))
}

/** Names a combined guard in words, `isNewer and not hasServed`; any other part by its function's name. */
const nameOf = (part: unknown): string => {
  if (typeof part !== 'function') return String(typeof part === 'object' ? (part as { type?: unknown }).type : part)
  if (!('guards' in part) || !Array.isArray(part.guards)) return part.name
  const names = part.guards.map(nameOf)
  return part.name === 'not' ? `not ${names.join()}` : names.join(` ${part.name} `)
}
