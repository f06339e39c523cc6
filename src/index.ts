export type {
  ApplyContext,
  Applier,
  CompensatingApplier,
  Generation,
  PrepareContext,
} from './applier.ts'
export { defineApplier } from './applier.ts'
export type { Clock, TimerHandle } from './clock.ts'
export { MAX_DELAY_MS, systemClock } from './clock.ts'
export type {
  LeasedView,
  ModuleHandle,
  ModuleHandles,
  NoModules,
  PlanOptions,
  PlanReport,
  ReleaseOptions,
  Reloader,
  RevertOptions,
  StartOptions,
  SubscribeOptions,
} from './face.ts'
export type { SourceState, SourceStatus } from './follower.ts'
export type { Counters } from './journal.ts'
export type {
  InspectedActor,
  InspectedSnapshot,
  MachineInspectionEvent,
  MachineInspector,
} from './machine-inspector.ts'
export type { Diff, Difference } from './model/diff.ts'
export type {
  DocumentCode,
  ErrorCode,
  Failure,
  FailurePlace,
  Phase,
  SafeCause,
  SourceCode,
  ValueKind,
} from './model/errors.ts'
export { ChangeoverError, isChangeoverError, unsafeCause } from './model/errors.ts'
export type { ModuleChange, ModuleRecord, Outcome, PhaseTiming, TransactionRecord, Trigger } from './model/record.ts'
export type { Revision } from './model/revision.ts'
export type { ConfigPath, DeepReadonly, Schema, SchemaIssue, SchemaResult } from './model/schema.ts'
export type {
  BackoffOptions,
  ConfirmOptions,
  Deadlines,
  Logger,
  ModuleDeadlines,
  QuarantineOptions,
  ReloaderOptions,
  SoakOptions,
} from './options.ts'
export type { EntryName, GoodStore } from './keeper/types.ts'
export type { GoodStatus } from './safety/history.ts'
export type { QuarantineStatus } from './safety/quarantine.ts'
export { createReloader } from './reloader.ts'
export type { Changed, Document, Malformed, Missing, Opened, Reading, Source, WatchEvent } from './source.ts'
export { SourceError } from './source.ts'
export type { ChangeContext } from './subscribers.ts'
export type { ModuleStatus, ReloaderStatus } from './status.ts'
export { timedTree } from './timed-tree.ts'
