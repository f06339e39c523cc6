export type { DocumentArbitrary } from './document-arbitrary.ts'
export { traceLines, traceMermaid } from './drawings.ts'
export { traceHtml } from './page.ts'
export { parseScenario, scenarioText } from './parse-scenario.ts'
export type { SimulationReport } from './report.ts'
export { type RunResult, runScenario } from './run.ts'
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
} from './scenario.ts'
export { fail, faults, hang, type PlannedFault } from './planned-faults.ts'
export {
  type Place,
  type ScenarioBuilder,
  type ScenarioOptions,
  scenario,
} from './scenario-builder.ts'
export type { ScenarioRun } from './scenario-run.ts'
export { scenarioCode } from './scenario-code.ts'
export { replay, type SimulateOptions, simulate } from './simulate.ts'
export { type SimulationCode, SimulationError } from './simulation-error.ts'
export type { SimulationView, Subject, Violation } from './subject.ts'
export type { TraceEvent } from './trace.ts'
