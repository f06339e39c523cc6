import type { AnyActorRef, InspectionEvent } from 'xstate'
import { definitionOf } from './machine-definition.ts'
import type { Inspected, InspectedActor, InspectedSnapshot, MachineInspectionEvent } from '../api/machine-inspector.ts'
import { safeCause } from '../model/safe-cause.ts'
import { shownFields, shownPart } from './shown-fields.ts'

const actors = new WeakMap<object, InspectedActor>()

const viewOfActor = (ref: object): InspectedActor => {
  const known = actors.get(ref)
  if (known !== undefined) return known
  const actor = ref as AnyActorRef & { readonly logic?: { readonly config?: unknown } }
  const { id, sessionId, _parent, logic } = actor
  // The `config` of a child's logic is the function that does its work.
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

/** XState throws where an actor has none yet: it is announced before it has its first state. */
const snapshotOf = (actor: AnyActorRef): unknown => {
  try {
    return actor.getSnapshot()
  } catch {
    return undefined
  }
}

/** State names are the chart's own. */
const copyOfValue = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([state, inner]) => [state, copyOfValue(inner)]))
    : value

const viewOfSnapshot = (snapshot: unknown): InspectedSnapshot => {
  const { status, value, context, children, input, output, error } = (snapshot ?? {}) as Readonly<
    Record<string, unknown>
  >
  return {
    status: status ?? 'active',
    ...(value === undefined ? {} : { value: copyOfValue(value) }),
    ...(context === undefined ? {} : { context: shownPart(context, shownFields.context) }),
    ...(children === undefined ? {} : { children: viewOfChildren(children as object) }),
    ...(input === undefined ? {} : { input: shownPart(input, shownFields.input) }),
    output: shownPart(output, shownFields.output),
    error: error === undefined ? undefined : safeCause(error),
  } as InspectedSnapshot
}

const viewOfChildren = (children: object): Readonly<Record<string, InspectedActor>> =>
  Object.fromEntries(
    Object.entries(children as Readonly<Record<string, object>>).map(([id, ref]) => [id, viewOfActor(ref)]),
  )

const viewOfEvent = (event: Readonly<Record<string, unknown>> & { readonly type: string }) => {
  const { type, input, output, error, data } = event
  return {
    type,
    ...(shownPart(event, shownFields.event) as object),
    ...(input === undefined ? {} : { input: shownPart(input, shownFields.input) }),
    ...(output === undefined ? {} : { output: shownPart(output, shownFields.output) }),
    ...('error' in event ? { error: safeCause(error) } : {}),
    // What an actor tells itself when its promise settles.
    ...(type === 'xstate.promise.resolve' ? { data: shownPart(data, shownFields.output) } : {}),
    ...(type === 'xstate.promise.reject' ? { data: safeCause(data) } : {}),
  }
}

/** A copy of what XState tells, with what may be shown; undefined for what a later XState may add. */
export const viewOf = (told: InspectionEvent): MachineInspectionEvent | undefined => {
  const inspected: Inspected = { rootId: told.rootId, actorRef: viewOfActor(told.actorRef) }
  switch (told.type) {
    case '@xstate.actor':
      return { type: told.type, ...inspected }
    case '@xstate.event': {
      const sourceRef = told.sourceRef === undefined ? undefined : viewOfActor(told.sourceRef)
      return { type: told.type, ...inspected, sourceRef, event: viewOfEvent(told.event) }
    }
    case '@xstate.snapshot':
      return { type: told.type, ...inspected, event: viewOfEvent(told.event), snapshot: viewOfSnapshot(told.snapshot) }
    case '@xstate.microstep': {
      const step = { event: viewOfEvent(told.event), snapshot: viewOfSnapshot(told.snapshot) }
      return { type: told.type, ...inspected, ...step, _transitions: [] }
    }
    case '@xstate.action': {
      const { type, params } = told.action
      return { type: told.type, ...inspected, action: { type, params: shownPart(params, shownFields.params) } }
    }
    default:
      return undefined
  }
}
