import {
  type EnvironmentCall,
  environmentCalls,
  faultPhases,
  isPossibleFault,
  operatorCommands,
  type Scenario,
  sourceFaults,
  type Step,
} from './scenario.ts'
import { SimulationError } from './simulation-error.ts'

/**
 * Parses the JSON text of a scenario, as an error prints it or `keepIn` stores it.
 * @throws SimulationError `simulate.bad-scenario`
 * @example
 * const scenario = parseScenario(await readFile('regressions/db-hangs.json', 'utf8'))
 * await replay(scenario, subject)
 */
export const parseScenario = (text: string): Scenario => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badScenario('the text is not JSON')
  }
  if (!isRecord(value) || value.version !== 1) throw badScenario('the text is not a scenario of version 1')
  const { steps, faults, during = [] } = value
  if (!Array.isArray(steps) || !steps.every(isStep)) throw badScenario('`steps` has an invalid item')
  if (!Array.isArray(faults) || !faults.every(isFault)) throw badScenario('`faults` has an invalid item')
  if (!Array.isArray(during) || !during.every(isDuring)) throw badScenario('`during` has an invalid item')
  if (!Number.isFinite(value.seed) || !('start' in value) || !('last' in value)) {
    throw badScenario('`seed`, `start` or `last` is missing')
  }
  return value as unknown as Scenario
}

/** Formats a scenario as JSON text, to be kept as a regression test. */
export const scenarioText = (scenario: Scenario): string => `${JSON.stringify(scenario, null, 2)}\n`

const badScenario = (message: string): SimulationError => new SimulationError('simulate.bad-scenario', message)

const isStep = (step: unknown): step is Step => {
  if (!isRecord(step)) return false
  switch (step.do) {
    case 'put':
      return 'document' in step
    case 'storm':
      return isCount(step.count) && 'document' in step
    case 'put-both':
      return Array.isArray(step.documents) && step.documents.length === 2
    case 'advance':
      return isMs(step.ms)
    case 'overlap':
      return isMs(step.ms)
    case 'outage':
      return isCall({ ...step, call: 1 }) && isFault({ ...step, call: 1, kind: 'outage' })
    case 'clock':
      return Number.isFinite(step.ms)
    case 'refresh':
      return step.module === undefined || typeof step.module === 'string'
    case 'source':
      return sourceFaults.includes(step.fault as never) && (step.ms === undefined || isMs(step.ms))
    default:
      return plainSteps.has(step.do)
  }
}

/** The steps that have no further members. */
const plainSteps = new Set<unknown>([...operatorCommands, 'reorder', 'crash', 'restart'])

const isFault = (fault: unknown): boolean =>
  isRecord(fault) && isCall(fault) && isPossibleFault(fault as never) && (fault.ms === undefined || isMs(fault.ms))

const isDuring = (during: unknown): boolean => isRecord(during) && isCall(during) && isStep(during.step)

const isCall = ({ module, phase, call }: Record<string, unknown>): boolean => {
  if (typeof module !== 'string' || !isCount(call)) return false
  return faultPhases.includes(phase as never) || environmentCalls.includes(`${module}.${phase}` as EnvironmentCall)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isMs = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1
