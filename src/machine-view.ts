import type { AnyActorRef, InspectionEvent } from 'xstate'
import { definitionOf } from './machine-definition.ts'
import { safeCause } from './model/safe-cause.ts'
import { shownFields, shownPart } from './shown-fields.ts'

/** One actor as an inspector may see it: what XState promises of it, without a hand on the machine. */
export interface InspectedActor {
  /** Its role: `reload`, `watch`, `admission`, or what a child of theirs does, such as `prepareModules`. */
  readonly id: string
  readonly sessionId: string
  /** The machine whose child it is. */
  readonly _parent: InspectedActor | undefined
  /** The chart, for those who draw it: plain data. None for the children, which are no charts. */
  readonly logic: { readonly config?: object }
  readonly getSnapshot: () => InspectedSnapshot
  /** Does nothing: an inspector looks and does not act. */
  readonly send: (event: { readonly type: string }) => void
  readonly toJSON: () => object
}

/** Where an actor stands, in XState's shape. */
export type InspectedSnapshot = {
  /** The active states; machines only. */
  readonly value?: unknown
  /** Revisions, names and counts; machines only. */
  readonly context?: unknown
  /** By id; machines only. */
  readonly children?: Readonly<Record<string, InspectedActor>>
  readonly input?: unknown
} & (
  | { readonly status: 'active' | 'stopped'; readonly output: undefined; readonly error: undefined }
  | { readonly status: 'done'; readonly output: unknown; readonly error: undefined }
  /** Of the error no more than its name, and its code where that is known to hold no data. */
  | { readonly status: 'error'; readonly output: undefined; readonly error: unknown }
)

interface Inspected {
  /** The `sessionId` of the machine at the root. */
  readonly rootId: string
  readonly actorRef: InspectedActor
}
interface Told {
  readonly event: { readonly type: string }
}

/** What XState tells an inspector, in XState's shape, as plain copies that hold no config value. */
export type MachineInspectionEvent =
  | (Inspected & { readonly type: '@xstate.actor' })
  | (Inspected & Told & { readonly type: '@xstate.event'; readonly sourceRef: InspectedActor | undefined })
  | (Inspected & Told & { readonly type: '@xstate.snapshot'; readonly snapshot: InspectedSnapshot })
  /** Also states that are left at once. The transitions are left out: the whole machine hangs on each of them. */
  | (Inspected &
      Told & {
        readonly type: '@xstate.microstep'
        readonly snapshot: InspectedSnapshot
        readonly _transitions: never[]
      })
  | (Inspected & {
      readonly type: '@xstate.action'
      readonly action: { readonly type: string; readonly params: unknown }
    })

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
