import type * as FastCheck from 'fast-check'
import type { Arbitrary } from 'fast-check'
import {
  type During,
  environmentCalls,
  type EnvironmentPhase,
  type Fault,
  faultKindsOf,
  type FaultPhase,
  type Scenario,
  sourceFaults,
} from './scenario.ts'
import { playableSteps, stepsOf } from './arbitrary-steps.ts'
import type { KnownModule } from './subject.ts'

type Fc = typeof FastCheck

/**
 * Makes the arbitrary of all histories of these modules. The number of faults and steps differs from run to run: one fault
 * after a few calm steps finds other bugs than many faults at once.
 */
export const scenariosOf = (
  fc: Fc,
  documents: Arbitrary<unknown>,
  modules: readonly KnownModule[],
  overlaps: boolean,
): Arbitrary<Scenario> => {
  const whole = fc.record({
    seed: fc.nat({ max: 1_000_000 }),
    start: documents,
    last: documents,
    pauseMs: fc.constantFrom(undefined, 20, 700, 3_000),
    soakMs: fc.constantFrom(undefined, 300, 2_500),
    // Not `oneof`, which shrinks only within the arbitrary that it chose.
    confirmMs: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 3_000),
    persists: fc.constantFrom(undefined, true, 'files' as const),
    names: fc.constantFrom(undefined, undefined, 'content' as const),
    announces: fc.constantFrom(undefined, undefined, true),
    readMs: fc.constantFrom(undefined, undefined, undefined, 5, 40, 800),
    steps: fc.array(stepsOf(fc, documents, modules, overlaps), { minLength: 1, maxLength: 12 }),
    // Few in some runs and many in others, so that no kind of trouble hides another (swarm testing).
    faults: fc.oneof(
      fc.array(faultsOf(fc, modules), { maxLength: 2 }),
      fc.array(faultsOf(fc, modules), { minLength: 1, maxLength: 8 }),
      fc.array(backwardFaultsOf(fc, modules), { minLength: 1, maxLength: 4 }),
    ),
    during: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(duringOf(fc, documents, modules), { minLength: 1, maxLength: 3 }) },
    ),
  })
  return whole.map(({ seed, start, last, during, steps, faults, ...settings }) => ({
    version: 1 as const,
    seed,
    start,
    last,
    faults,
    steps: playableSteps(start, steps),
    ...(during.length === 0 ? {} : { during }),
    ...(Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings),
  }))
}

type Settings = Pick<Scenario, 'pauseMs' | 'soakMs' | 'confirmMs' | 'persists' | 'names' | 'announces' | 'readMs'>

const faultsOf = (fc: Fc, modules: readonly KnownModule[]): Arbitrary<Fault> => {
  const call = callOf(fc)
  const rareCall = fc.constantFrom(1, 1, 2) // a call that happens only after a failure rarely happens twice
  const each = modules.map(({ name, isCompensating }) =>
    isCompensating
      ? fc.oneof(
          { weight: 1, arbitrary: faultsIn(fc, name, call, ['apply']) },
          { weight: 2, arbitrary: faultsIn(fc, name, rareCall, ['undo', 'close']) },
        )
      : fc.oneof(
          { weight: 2, arbitrary: faultsIn(fc, name, call, ['prepare', 'check', 'close']) },
          { weight: 1, arbitrary: faultsIn(fc, name, call, ['commit']) },
          { weight: 1, arbitrary: faultsIn(fc, name, rareCall, ['rollback']) },
        ),
  )
  const environment = environmentCalls.map((place) => {
    const [module = '', phase] = place.split('.')
    return faultsIn(fc, module, call, [phase as EnvironmentPhase])
  })
  return fc.oneof(
    { weight: 9, arbitrary: fc.oneof(...each) },
    { weight: 1, arbitrary: fc.oneof(...environment) },
  ) as Arbitrary<Fault>
}

/** Failures of the calls that take a change back, so that several modules are degraded together. */
const backwardFaultsOf = (fc: Fc, modules: readonly KnownModule[]): Arbitrary<Fault> => {
  const call = fc.constantFrom(1, 1, 2, 2, 3)
  const each = modules.map(({ name, isCompensating }) =>
    faultsIn(fc, name, call, [isCompensating ? 'undo' : 'rollback']),
  )
  return fc.oneof(...each)
}

// The first calls belong to the start, and few histories have many more.
const callOf = (fc: Fc): Arbitrary<number> => fc.constantFrom(1, 2, 2, 3, 3, 4)

const faultsIn = (
  fc: Fc,
  module: string,
  call: Arbitrary<number>,
  phases: readonly (FaultPhase | EnvironmentPhase)[],
): Arbitrary<Fault> => {
  const ways = phases.flatMap((phase) => faultKindsOf(phase).map((kind) => ({ phase, kind })))
  const outageMs = fc.constantFrom(undefined, 400, 12_000)
  return fc.record({ way: fc.constantFrom(...ways), call, ms: outageMs }).map(({ way, ms, ...rest }) => ({
    module,
    phase: way.phase,
    ...rest,
    kind: way.kind,
    ...(way.kind === 'outage' && ms !== undefined ? { ms } : {}),
  }))
}

/** Makes the arbitrary of steps during a call: only steps that take no time. */
const duringOf = (fc: Fc, documents: Arbitrary<unknown>, modules: readonly KnownModule[]): Arbitrary<During> => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('put'), document: documents }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('reload', 'freeze', 'unfreeze', 'revert', 'release', 'refresh', 'reorder'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('source'), fault: fc.constantFrom(...sourceFaults) }) },
  )
  const call = callOf(fc)
  const each = modules.map(({ name, isCompensating }) =>
    fc.record({
      module: fc.constant(name),
      phase: isCompensating
        ? fc.constantFrom('apply', 'undo', 'close')
        : fc.constantFrom('prepare', 'check', 'commit', 'rollback', 'close'),
      call,
      step,
    }),
  )
  const stepOrCrash = fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: fc.constant({ do: 'crash' }) })
  const environment = fc
    .record({ place: fc.constantFrom(...environmentCalls), call, step: stepOrCrash })
    .map(({ place, ...rest }) => {
      const [module, phase] = place.split('.')
      return { module, phase, ...rest }
    })
  return fc.oneof(
    { weight: 5, arbitrary: fc.oneof(...each) },
    { weight: 1, arbitrary: environment },
  ) as Arbitrary<During>
}
