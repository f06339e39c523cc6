import {
  environmentCalls,
  type EnvironmentCall,
  type EnvironmentPhase,
  type Fault,
  type FaultKind,
  faultPhases,
  isPossibleFault,
} from './scenario.ts'
import { SimulationError } from './simulation-error.ts'

/**
 * Splits a place such as `db.prepare` or `disk.save`. The name of a module may have dots.
 * @throws SimulationError `simulate.bad-scenario` if it is not a call, or cannot fail like that
 */
export const placeOf = (place: string, kind?: FaultKind): Pick<Fault, 'module' | 'phase'> => {
  const dot = place.lastIndexOf('.')
  const [module, last] = [place.slice(0, dot), place.slice(dot + 1)]
  const modulePhase = dot > 0 ? faultPhases.find((one) => one === last) : undefined
  const isEnvironment = environmentCalls.includes(place as EnvironmentCall)
  const phase = modulePhase ?? (isEnvironment ? (last as EnvironmentPhase) : undefined)
  if (phase === undefined) {
    const known = `module.${faultPhases.join('|')}, ${environmentCalls.join(', ')}`
    throw new SimulationError('simulate.bad-scenario', `${place} is not a call; the calls are ${known}`)
  }
  if (kind !== undefined && !isPossibleFault({ phase, kind })) {
    throw new SimulationError('simulate.bad-scenario', `${place} cannot fail with ${kind}`)
  }
  return { module, phase }
}
