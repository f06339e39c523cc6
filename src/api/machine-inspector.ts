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

export interface Inspected {
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

/** An XState v5 inspector or observer: `inspect` of an inspector of `@statelyai/inspect`, or your own. */
export type MachineInspector =
  | ((event: MachineInspectionEvent) => unknown)
  | { readonly next?: (event: MachineInspectionEvent) => unknown }
