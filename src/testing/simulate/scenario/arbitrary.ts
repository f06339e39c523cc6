import type * as FastCheck from 'fast-check'
import type { Arbitrary } from 'fast-check'
import {
  type During,
  environmentCalls,
  type EnvironmentPhase,
  type Fault,
  faultKindsOf,
  type FaultPhase,
  operatorCommands,
  type Scenario,
  sourceFaults,
  type Step,
} from './scenario.ts'
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
): Arbitrary<Scenario> => {
  const whole = fc.record({
    seed: fc.nat({ max: 1_000_000 }),
    start: documents,
    last: documents,
    pauseMs: fc.constantFrom(undefined, 20, 700, 3_000),
    soakMs: fc.constantFrom(undefined, 300, 2_500),
    // Not `oneof`, which shrinks only within the arbitrary that it chose.
    confirmMs: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 3_000),
    persists: fc.boolean(),
    steps: fc.array(stepsOf(fc, documents, modules), { minLength: 1, maxLength: 12 }),
    // Few in some runs and many in others, so that no kind of trouble hides another (swarm testing).
    faults: fc.oneof(
      fc.array(faultsOf(fc, modules), { maxLength: 2 }),
      fc.array(faultsOf(fc, modules), { minLength: 1, maxLength: 8 }),
    ),
    during: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(duringOf(fc, documents, modules), { minLength: 1, maxLength: 3 }) },
    ),
  })
  return whole.map(({ pauseMs, soakMs, confirmMs, persists, during, steps, ...rest }) => ({
    version: 1 as const,
    ...rest,
    steps: withDocuments(rest.start, steps),
    ...(during.length === 0 ? {} : { during }),
    ...(pauseMs === undefined ? {} : { pauseMs }),
    ...(soakMs === undefined ? {} : { soakMs }),
    ...(confirmMs === undefined ? {} : { confirmMs }),
    ...(persists ? { persists } : {}),
  }))
}

/** Writes an earlier document again: 0 is the last one that was written, 1 the one before it. */
interface PutAgain {
  readonly do: 'put-again'
  readonly back: number
}

/** A host that dies when a document has been written, and is started again with another time. */
interface CrashAndClock {
  readonly do: 'crash-and-clock'
  readonly document: unknown
  readonly ms: number
}

const stepsOf = (
  fc: Fc,
  documents: Arbitrary<unknown>,
  modules: readonly KnownModule[],
): Arbitrary<Step | PutAgain | CrashAndClock> => {
  // Shortest first: fast-check shrinks towards the first item.
  const ms = fc.constantFrom(1, 30, 600, 2_500, 12_000)
  const count = fc.constantFrom(20, 20, 20, 200, 200, 200, 200, 10_000)
  const command = fc.constantFrom(...operatorCommands, 'reorder', 'restart')
  const day = 86_400_000
  const clock = fc.record({ do: fc.constant('clock'), ms: fc.constantFrom(2_500, -2_500, day, -day) })
  const crashAndClock = fc.record({
    do: fc.constant('crash-and-clock'),
    document: documents,
    ms: fc.constantFrom(-day, -day, -day, day),
  })
  const source = fc.record(
    { do: fc.constant('source'), fault: fc.constantFrom(...sourceFaults), ms: fc.constantFrom(10, 2_500) },
    { requiredKeys: ['do', 'fault'] },
  )
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('put'), document: documents }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('put-again'), back: fc.nat({ max: 1 }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('advance'), ms }) },
    { weight: 4, arbitrary: source },
    { weight: 7, arbitrary: fc.record({ do: command }) },
    { weight: 1, arbitrary: clock },
    { weight: 2, arbitrary: crashAndClock },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh'), module: nameOf(fc, modules) }) },
    { weight: 2, arbitrary: fc.constant({ do: 'crash' }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('storm'), count, document: documents }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('put-both'), documents: fc.tuple(documents, documents) }) },
  ) as Arbitrary<Step | PutAgain | CrashAndClock>
}

const nameOf = (fc: Fc, modules: readonly KnownModule[]): Arbitrary<string> =>
  fc.constantFrom(...modules.map(({ name }) => name))

/** Gives each repeated write the document that it repeats. */
const withDocuments = (start: unknown, steps: readonly (Step | PutAgain | CrashAndClock)[]): Step[] => {
  const written = [start]
  const put = (document: unknown): Step[] => {
    written.push(document)
    return [{ do: 'put', document }]
  }
  return steps.flatMap((step): Step[] => {
    if (step.do === 'put-again') return put(written.at(-1 - step.back) ?? start)
    if (step.do === 'put') return put(step.document)
    if (step.do !== 'crash-and-clock') return [step]
    return [...put(step.document), { do: 'clock', ms: step.ms }, { do: 'crash' }]
  })
}

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
