export type {
  ApplyContext,
  Applier,
  CompensatingApplier,
  Generation,
  InlineApplier,
  InlineCompensatingApplier,
  PrepareContext,
} from './api/applier.ts'
export { defineApplier } from './api/applier.ts'
export type {
  ChannelMessages,
  PhaseMessage,
  SourceMessage,
  StateMessage,
  TransactionMessage,
} from './api/channels.ts'
export type { Clock, TimerHandle } from './api/clock.ts'
export { MAX_DELAY_MS, systemClock } from './api/clock.ts'
export type { Explanation } from './api/explanation.ts'
export type { EntryName, GoodStore } from './api/good-store.ts'
export type {
  InspectedActor,
  InspectedSnapshot,
  MachineInspectionEvent,
  MachineInspector,
} from './api/machine-inspector.ts'
export type { LeasedView, ModuleHandle, ModuleHandles, NoModules } from './api/modules.ts'
export type {
  BackoffOptions,
  ConfirmOptions,
  Deadlines,
  FullDiagnostics,
  Logger,
  ModuleDeadlines,
  QuarantineOptions,
  ReloaderOptions,
  RestartOptions,
  RestartPolicy,
  ServiceOptions,
  SoakOptions,
} from './api/options.ts'
export type {
  ChangeContext,
  CloseOptions,
  FreezeOptions,
  PlanOptions,
  PlanReport,
  ReleaseOptions,
  ReloadOptions,
  RevertOptions,
  StartOptions,
  SubscribeOptions,
} from './api/call-options.ts'
export type { Reloader } from './api/reloader.ts'
export type { ReadSecret, SecretAnswer, SecretProvider, SecretValue } from './api/secret-provider.ts'
export { SecretError } from './api/secret-provider.ts'
export type {
  Changed,
  Document,
  FindOrigins,
  Malformed,
  MalformedEntry,
  MalformedPlace,
  Missing,
  Opened,
  Origin,
  ReadResult,
  Source,
  SourceContext,
  SourceEvent,
} from './api/source.ts'
export { SourceError } from './api/source.ts'
export type {
  Counters,
  FrozenStatus,
  GoodStatus,
  LayerStatus,
  ModuleStatus,
  QuarantineStatus,
  ReloaderStatus,
  RestartPendingStatus,
  SourceState,
  SourceStatus,
  WaitReason,
} from './api/status.ts'
export type { Diff, Difference } from './model/data/diff.ts'
export type {
  DocumentCode,
  ErrorCode,
  Failure,
  FailurePlace,
  Phase,
  SafeCause,
  SecretCode,
  SourceCode,
  ValueKind,
} from './model/failure.ts'
export { ChangeoverError, isChangeoverError, unsafeCause } from './model/failure.ts'
export type {
  ModuleChange,
  ModuleRecord,
  Outcome,
  PhaseTiming,
  TransactionRecord,
  Trigger,
  Unattended,
} from './model/record.ts'
export type { Revision } from './model/revision.ts'
export type { ConfigPath, DeepReadonly, Schema, SchemaIssue, SchemaResult } from './model/schema.ts'
export { permanent, transient } from './model/permanence.ts'
export type { RefuseOptions } from './model/refusal.ts'
export { refuse } from './model/refusal.ts'
export { timedTree } from './model/timed-tree.ts'
export type { ClosableServer } from './reloader/close-server.ts'
export type { CloseOnSignalsOptions, RemoveSignalHandlers } from './reloader/close-on-signals.ts'
export { closeOnSignals } from './reloader/close-on-signals.ts'
export { createReloader } from './reloader/reloader.ts'
