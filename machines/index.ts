/**
 * The machines, for drawing and embedding: pure decisions, with typed placeholders for everything that acts.
 */
import { createAdmissionMachine } from './admission/machine.ts'
import { createReloadMachine } from './reload/machine.ts'
import { createWatchMachine } from './watch/machine.ts'

/**
 * Stands between the source and the reload machine: it passes single changes on at once, thins out a storm of changes,
 * and passes none on while changes are frozen.
 *
 * @example
 * const actor = createActor(admissionMachine.provide({ actions: { deliver, deliverFrozen }, delays })).start()
 */
export const admissionMachine = createAdmissionMachine()

/**
 * Runs one transaction at a time, from a changed document to a resting state, which says how the last reload ended.
 *
 * @example
 * const machine = reloadMachine.provide({ actions, delays })
 * const actor = createActor(machine, { input: { soaks: true, confirms: false, persists: false } }).start()
 */
export const reloadMachine = createReloadMachine()

/**
 * Follows a source of any kind: reads it, watches from the revision it has read, and backs off and reads again after any
 * failure.
 *
 * @example
 * const actor = createActor(watchMachine.provide({ actors, actions: { readSource, stopWork, deliver, reportBroken }, delays })).start()
 */
export const watchMachine = createWatchMachine()

export type { AdmissionContext, AdmissionEvent } from './admission/types.ts'
export type { Candidate } from '../src/model/candidate.ts'
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
export type { SourceVerdict, WatchContext, WatchMachineEvent } from './watch/types.ts'
