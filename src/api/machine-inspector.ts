/**
 * A copy of an XState actor without config values. An inspector can read it, but cannot control the machine with it.
 */
export interface InspectedActor {
  /** The machine's name (`reload`, `watch`, `admission`), or the task of its child, such as `prepareModules`. */
  readonly id: string
  readonly sessionId: string
  /** The machine that started it; undefined for a machine. */
  readonly _parent: InspectedActor | undefined
  /** The definition of the machine, as plain data to draw it from. Machines only. */
  readonly logic: { readonly config?: object }
  readonly getSnapshot: () => InspectedSnapshot
  /** Does nothing: an inspector cannot act. */
  readonly send: (event: { readonly type: string }) => void
  readonly toJSON: () => object
}

/** The state of an actor, in XState's shape. */
export type InspectedSnapshot = {
  /** The active states; machines only. */
  readonly value?: unknown
  /** Revisions, names and counts; machines only. */
  readonly context?: unknown
  /** The child actors by id; machines only. */
  readonly children?: Readonly<Record<string, InspectedActor>>
  readonly input?: unknown
} & (
  | { readonly status: 'active' | 'stopped'; readonly output: undefined; readonly error: undefined }
  | { readonly status: 'done'; readonly output: unknown; readonly error: undefined }
  /** The error is reduced to its name, and to its code if that is known to hold no data. */
  | { readonly status: 'error'; readonly output: undefined; readonly error: unknown }
)

/** The part that all inspection events share. */
export interface InspectionEventBase {
  /** The `sessionId` of the root machine. */
  readonly rootId: string
  readonly actorRef: InspectedActor
}

interface WithEvent {
  readonly event: { readonly type: string }
}

/** An inspection event in XState's shape, as a plain copy without config values. */
export type MachineInspectionEvent =
  | (InspectionEventBase & { readonly type: '@xstate.actor' })
  | (InspectionEventBase &
      WithEvent & { readonly type: '@xstate.event'; readonly sourceRef: InspectedActor | undefined })
  | (InspectionEventBase & WithEvent & { readonly type: '@xstate.snapshot'; readonly snapshot: InspectedSnapshot })
  /** Includes states that are left at once. The transitions are omitted, since each refers to the whole machine. */
  | (InspectionEventBase &
      WithEvent & {
        readonly type: '@xstate.microstep'
        readonly snapshot: InspectedSnapshot
        readonly _transitions: never[]
      })
  | (InspectionEventBase & {
      readonly type: '@xstate.action'
      readonly action: { readonly type: string; readonly params: unknown }
    })

/** An XState v5 inspector: the `inspect` of `@statelyai/inspect`, a function, or an observer with `next`. */
export type MachineInspector =
  | ((event: MachineInspectionEvent) => unknown)
  | { readonly next?: (event: MachineInspectionEvent) => unknown }
