export type { SimulationReport } from './report/report.ts'
export { traceLines, traceMermaid } from './report/trace-formats.ts'
export { traceHtml } from './report/trace-html.ts'
export { runScenario } from './play/run.ts'
export { parseScenario, scenarioText } from './scenario/parse-scenario.ts'
export type { RunResult, TraceEvent, Violation } from './scenario/run-result.ts'
export type {
  During,
  EnvironmentCall,
  EnvironmentPhase,
  Fault,
  FaultKind,
  FaultPhase,
  Scenario,
  SourceFault,
  Step,
} from './scenario/scenario.ts'
export { scenarioCode } from './scenario/scenario-code.ts'
export { type SimulationCode, SimulationError } from './scenario/simulation-error.ts'
export type { SimulationView, Subject } from './scenario/subject.ts'
export {
  fail,
  faults,
  hang,
  type Place,
  type PlannedFault,
  type ScenarioBuilder,
  type ScenarioOptions,
  scenario,
} from './scenario-builder.ts'
export type { ScenarioRun } from './scenario-run.ts'
export { type DocumentArbitrary, replay, type SimulateOptions, simulate } from './simulate.ts'
