import type { Fault, Scenario, Step } from 'changeover/testing'
import * as fc from 'fast-check'
import { scenariosOf } from '../../../src/testing/simulate/scenario/arbitrary.ts'
import { modulesOf } from '../../../src/testing/simulate/scenario/subject.ts'
import { documents, subject } from './subject.ts'

/** A commit that throws is lasting, a crash ends the process, and a module says itself that a failure is permanent. */
const isTransient = ({ phase, kind }: Fault): boolean => phase !== 'commit' && kind !== 'permanent' && kind !== 'crash'

/** After these the source holds nothing that can serve. */
const emptying = new Set(['missing', 'malformed', 'wipe'])

/** True if the step needs no caller: nobody freezes, reverts, reloads, refreshes or confirms. */
const needsNoCall = (step: Step): boolean => {
  if (step.do === 'source') return !emptying.has(step.fault)
  return ['put', 'put-both', 'storm', 'advance', 'clock', 'reorder', 'restart'].includes(step.do)
}

const phaseIn = (place: string): string => place.slice(place.lastIndexOf('.') + 1, place.indexOf(' '))

/** Histories in which every failure may pass by itself, in every phase. */
export const transientScenarios: fc.Arbitrary<Scenario> = fc
  .record({
    scenario: scenariosOf(fc, documents, modulesOf(subject), true),
    // A rollback happens after a failure only, so these come in pairs.
    check: fc.constantFrom<Fault['kind']>('reject', 'outage', 'late'),
    undo: fc.constantFrom<Fault['kind']>('throw', 'outage'),
    fails: fc.boolean(),
  })
  .map(({ scenario: { confirmMs: _, during: __, ...rest }, check, undo, fails }) => ({
    ...rest,
    steps: rest.steps.filter(needsNoCall),
    faults: [
      ...rest.faults.filter(isTransient),
      ...(fails
        ? [
            { module: 'route', phase: 'apply', call: 2, kind: check } as const,
            { module: 'route', phase: 'undo', call: 1, kind: undo } as const,
            { module: 'db', phase: 'rollback', call: 1, kind: 'throw' } as const,
          ]
        : []),
    ],
  }))

/** The phases that a run has let fail. */
export const failedPhases = (faultsReached: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(faultsReached)
    .filter((fault) => fault.includes('.'))
    .map(phaseIn)
