import { captureStrayErrors, errorText, flushStrayErrors } from '../check/stray-errors.ts'
import { traceText } from '../check/trace-text.ts'
import type { RunResult } from '../scenario/run-result.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { SimulationError } from '../scenario/simulation-error.ts'
import type { Subject } from '../scenario/subject.ts'
import { checkRecovery } from './recovery.ts'
import { Simulation } from './simulation.ts'
import { StepPlayer } from './step-player.ts'
import { settleMs } from './time-budget.ts'
import { installVirtualGlobals } from './globals/virtual-globals.ts'

/**
 * Plays one scenario on virtual time, with the machines and the code of production. After the steps, all faults end and one
 * more valid document is published: it must serve, in sync and at rest, with nothing leaked. Simultaneous calls run one after
 * the other.
 * @returns the result, with the violations if an invariant was broken
 * @throws SimulationError `simulate.no-progress`
 * @example
 * const { violations, outcomes } = await runScenario(parseScenario(text), subject)
 */
export const runScenario = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  await flushStrayErrors()
  return play(scenario, subject)
}

/** Does the same as {@link runScenario} after another history, which has already flushed the stray errors. */
export const play = <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const result = lastRun.then(() => playAlone(scenario, subject))
  lastRun = result.catch(() => {})
  return result
}

// Each run needs the process, and its globals if they are virtual, for itself. Simulations that run side by side are no slower
// for that, since a run never waits for the real world.
let lastRun: Promise<unknown> = Promise.resolve()

const playAlone = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const simulation = new Simulation(subject, scenario)
  const currentClock = () => simulation.service?.process.clockFor() ?? simulation.clock
  const restoreGlobals = subject.globals === 'virtual' ? installVirtualGlobals(currentClock) : () => {}
  const release = captureStrayErrors((error, what) =>
    simulation.log.breach('G13', `${what} would end the process: ${errorText(error)}`, error),
  )
  let served: unknown
  try {
    served = await playHistory(simulation)
  } finally {
    restoreGlobals()
    simulation.stop()
    await release()
  }
  const { violations, trace, outcomes, faultsReached, sometimes, noProgress } = simulation.log.entries
  if (noProgress !== undefined) {
    const message = `${noProgress}, waits for the real world: replace it with a part that has no real I/O\n\n${traceText(trace)}`
    throw new SimulationError('simulate.no-progress', message, { scenario })
  }
  return { violations, trace, outcomes, faultsReached, sometimes, served, virtualMs: simulation.clock.monotonic() }
}

/** Plays the whole history, and returns the config that served before everything was healed. */
const playHistory = async <Config>(simulation: Simulation<Config>): Promise<unknown> => {
  const { scenario, clock, log } = simulation
  const player = new StepPlayer(simulation as unknown as Simulation<never>)
  await player.perform({ do: 'put', document: scenario.start })
  simulation.boot()
  await clock.advance(scenario.pauseMs ?? 0)
  for (const step of scenario.steps) {
    await player.perform(step)
    if (scenario.pauseMs !== undefined) {
      await clock.advance(scenario.pauseMs)
      simulation.checkInvariants()
    }
    if (log.violations.length > 0 || log.noProgress !== undefined) break
  }
  // When no transaction runs, that of the last step has ended, and no retry has begun.
  for (let waited = 0; waited < settleMs && simulation.service?.isResting === false; waited += 50) {
    await clock.advance(50)
  }
  const { service } = simulation
  const served = service?.hasFailed === false ? service.reloader.status().serving && service.reloader.config : undefined
  if (log.violations.length === 0) await checkRecovery(simulation, player)
  return served
}
