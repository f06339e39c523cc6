import { runScenario, traceLines } from 'changeover/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { subject } from './subject.ts'
import { failedPhases, transientScenarios } from './transient.ts'

// `CHANGEOVER_SEED=7 CHANGEOVER_RUNS=5000 npx vitest run test/testing/simulate/transient.test.ts` plays other histories.
const seed = Number(process.env.CHANGEOVER_SEED ?? 1)
const numRuns = Number(process.env.CHANGEOVER_RUNS ?? 200)

test('after transient faults in every phase, every history ends in sync without a call', {
  timeout: 600_000,
}, async () => {
  const phases = new Set<string>()
  for (const scenario of fc.sample(transientScenarios, { seed, numRuns })) {
    const { violations, trace, faultsReached } = await runScenario(scenario, subject)
    expect(violations, JSON.stringify(scenario)).toEqual([])
    for (const phase of failedPhases(faultsReached)) phases.add(phase)
    for (const fault of Object.keys(faultsReached)) if (fault.startsWith('source ')) phases.add(fault)
    const isSynced = trace.some(({ what }) => what.kind === 'step' && what.text === 'in sync without a call')
    expect(isSynced, `${traceLines({ trace })}\n${JSON.stringify(scenario)}`).toBe(true)
  }
  for (const phase of ['prepare', 'apply', 'check', 'undo', 'rollback', 'close', 'read', 'load', 'save']) {
    expect([...phases], `no call ever failed in ${phase}`).toContain(phase)
  }
  expect([...phases]).toContain('source failed-read')
})
