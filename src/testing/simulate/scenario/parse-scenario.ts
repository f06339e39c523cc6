import {
  faultKinds,
  faultPhases,
  isPlayable,
  type OutsideCall,
  outsideCalls,
  type Scenario,
  sourceFaults,
  type Step,
} from './scenario.ts'
import { SimulationError } from './simulation-error.ts'

const asked = new Set(['reload', 'freeze', 'unfreeze', 'revert', 'retry', 'release', 'confirm', 'crash', 'restart'])

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isMs = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1

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
    case 'source':
      return sourceFaults.includes(step.fault as never) && (step.ms === undefined || isMs(step.ms))
    default:
      return asked.has(step.do as string)
  }
}

const isCall = ({ module, phase, call }: Record<string, unknown>): boolean => {
  if (typeof module !== 'string' || !isCount(call)) return false
  return faultPhases.includes(phase as never) || outsideCalls.includes(`${module}.${phase}` as OutsideCall)
}

const isFault = (fault: unknown): boolean =>
  isRecord(fault) && isCall(fault) && faultKinds.includes(fault.kind as never) && isPlayable(fault as never)

const isDuring = (during: unknown): boolean => isRecord(during) && isCall(during) && isStep(during.step)

/**
 * Reads a scenario from its JSON text, as it was printed or kept.
 *
 * @throws SimulationError `simulate.bad-scenario`
 */
export const parseScenario = (text: string): Scenario => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SimulationError('simulate.bad-scenario', 'it is not JSON')
  }
  if (!isRecord(value) || value.version !== 1) {
    throw new SimulationError('simulate.bad-scenario', 'it is no scenario of version 1')
  }
  const { steps, faults, during = [] } = value
  if (!Array.isArray(steps) || !steps.every(isStep))
    throw new SimulationError('simulate.bad-scenario', 'a step is none')
  if (!Array.isArray(faults) || !faults.every(isFault))
    throw new SimulationError('simulate.bad-scenario', 'a fault is none')
  if (!Array.isArray(during) || !during.every(isDuring)) {
    throw new SimulationError('simulate.bad-scenario', 'something that happens during a call is none')
  }
  if (!Number.isFinite(value.seed) || !('start' in value) || !('last' in value)) {
    throw new SimulationError('simulate.bad-scenario', 'seed, start or last is missing')
  }
  return value as unknown as Scenario
}

/** The scenario as a JSON text, to be kept as a regression. */
export const scenarioText = (scenario: Scenario): string => `${JSON.stringify(scenario, null, 2)}\n`
