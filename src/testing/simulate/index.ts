export type { DocumentArbitrary } from './scenario/document-arbitrary.ts'
export { traceLines, traceMermaid } from './report/trace-formats.ts'
export { traceHtml } from './report/trace-html.ts'
export { parseScenario, scenarioText } from './scenario/parse-scenario.ts'
export type { SimulationReport } from './report/report.ts'
export { type RunResult, runScenario } from './play/run.ts'
export type {
  During,
  Fault,
  FaultKind,
  FaultPhase,
  OutsideCall,
  OutsidePhase,
  Scenario,
  SourceFault,
  Step,
} from './scenario/scenario.ts'
export { fail, faults, hang, type PlannedFault } from './scenario/planned-faults.ts'
export {
  type Place,
  type ScenarioBuilder,
  type ScenarioOptions,
  scenario,
} from './scenario-builder.ts'
export type { ScenarioRun } from './scenario-run.ts'
export { scenarioCode } from './scenario/scenario-code.ts'
export { replay, type SimulateOptions, simulate } from './simulate.ts'
export { type SimulationCode, SimulationError } from './scenario/simulation-error.ts'
export type { SimulationView, Subject, Violation } from './scenario/subject.ts'
export type { TraceEvent } from './check/trace-text.ts'
