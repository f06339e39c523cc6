/**
 * The machines, for drawing and embedding: pure decisions, with typed placeholders for everything that acts.
 */
export { admissionMachine } from './admission/machine.ts'
export type { AdmissionContext, AdmissionEvent } from './admission/types.ts'
export type { Candidate } from '../src/model/candidate.ts'
export { reloadMachine } from './reload/machine.ts'
export { mustBeConfirmed } from './reload/guards.ts'
export type {
  CommitVerdict,
  Ending,
  EpochInput,
  ReadVerdict,
  ReloadAnswer,
  ReloadContext,
  ReloadEvent,
  ReloadInput,
  ReloadWork,
  RollBackVerdict,
  StepVerdict,
  Untried,
  ValidateVerdict,
  ValidationInput,
} from './reload/types.ts'
export { watchMachine } from './watch/machine.ts'
export type { SourceVerdict, WatchContext, WatchMachineEvent } from './watch/types.ts'
