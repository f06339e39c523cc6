/**
 * The statecharts, for those who draw or embed them: pure decisions with typed holes for all that acts.
 */
export { admissionMachine } from './admission/machine.ts'
export type { AdmissionContext, AdmissionEvent } from './admission/types.ts'
export type { Candidate } from '../src/model/candidate.ts'
export { reloadMachine } from './reload/machine.ts'
export { mustBeConfirmed } from './reload/guards.ts'
export type {
  Ending,
  EpochInput,
  ReadVerdict,
  ReloadContext,
  ReloadEvent,
  ReloadInput,
  RollBackVerdict,
  StepVerdict,
  Untried,
  ValidateVerdict,
} from './reload/types.ts'
export { watchMachine } from './watch/machine.ts'
export type { SourceVerdict, WatchContext, WatchMachineEvent as WatchEvent } from './watch/types.ts'
