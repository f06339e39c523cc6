export { type MemoryContent, type MemorySource, type MemorySourceOptions, memorySource } from './fakes/memory-source.ts'
export { sourceContract } from './contract/source-contract.ts'
export type {
  ContractCase,
  SourceAbility,
  SourceContractOptions,
  SourceSetup,
} from './contract/source-setup.ts'
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './fakes/virtual-clock.ts'
export type { SimulationReport } from './simulate/report/report.ts'
export { traceLines, traceMermaid } from './simulate/report/trace-formats.ts'
export { traceHtml } from './simulate/report/trace-html.ts'
export { runScenario } from './simulate/play/run.ts'
export { parseScenario, scenarioText } from './simulate/scenario/parse-scenario.ts'
export type { RunResult, TraceEvent, Violation } from './simulate/scenario/run-result.ts'
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
} from './simulate/scenario/scenario.ts'
export { scenarioCode } from './simulate/scenario/scenario-code.ts'
export { type SimulationCode, SimulationError } from './simulate/scenario/simulation-error.ts'
export type { SimulationView, Subject } from './simulate/scenario/subject.ts'
export {
  fail,
  faults,
  hang,
  type Place,
  type PlannedFault,
  type ScenarioBuilder,
  type ScenarioOptions,
  scenario,
} from './simulate/scenario-builder.ts'
export type { ScenarioRun } from './simulate/scenario-run.ts'
export { type DocumentArbitrary, replay, type SimulateOptions, simulate } from './simulate/simulate.ts'
