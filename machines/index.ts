/**
 * The statecharts, for those who draw or embed them: pure decisions with typed holes for all that acts.
 */
export { reloadMachine } from './reload/machine.ts'
export type {
  Candidate,
  Ending,
  EpochInput,
  ReadVerdict,
  ReloadContext,
  ReloadEvent,
  ReloadInput,
  RollBackVerdict,
  StepVerdict,
  ValidateVerdict,
} from './reload/types.ts'
export { watchMachine } from './watch/machine.ts'
export type { SourceVerdict, WatchContext, WatchEvent } from './watch/types.ts'
