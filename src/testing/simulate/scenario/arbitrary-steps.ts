import type * as FastCheck from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { operatorCommands, type OutagePhase, sourceFaults, type Step } from './scenario.ts'
import type { KnownModule } from './subject.ts'

type Fc = typeof FastCheck

/** Writes an earlier document again: 0 is the last one that was written, 1 the one before it. */
interface PutAgain {
  readonly do: 'put-again'
  readonly back: number
}

/** A document that fails because a server cannot be reached. */
interface FailingPut {
  readonly do: 'failing-put'
  readonly outage: Step
  readonly document: unknown
  /** The clock of the host is set by that, and then the process dies: it starts again with another time. */
  readonly clockMs?: number
  /** The process is closed while the document waits for its next try. */
  readonly isClosed?: true
}

/** A document that is written while `reload()` may still read the one before. */
interface PutInReload {
  readonly do: 'put-in-reload'
  readonly document: unknown
}

/** A freeze that the next process must find. */
interface FrozenEnd {
  readonly do: 'frozen-end'
  readonly end: 'crash' | 'restart'
  readonly document: unknown
}

/** A process that is replaced while it tries a document. */
interface Deployment {
  readonly do: 'deployment'
  readonly document: unknown
  readonly ms: number
}

/** A step, or several that rarely come together by chance. */
export type GeneratedStep = Step | PutAgain | FailingPut | Deployment | PutInReload | FrozenEnd

const DAY_MS = 86_400_000

/** Makes the arbitrary of the steps between the calls of modules. */
export const stepsOf = (
  fc: Fc,
  documents: Arbitrary<unknown>,
  modules: readonly KnownModule[],
  overlaps: boolean,
): Arbitrary<GeneratedStep> => {
  // Shortest first: fast-check shrinks towards the first item.
  const ms = fc.constantFrom(1, 30, 600, 2_500, 12_000)
  const count = fc.constantFrom(20, 20, 20, 200, 200, 200, 200, 10_000)
  const command = fc.constantFrom(...operatorCommands, 'reorder', 'restart')
  const clock = fc.record({ do: fc.constant('clock'), ms: fc.constantFrom(2_500, -2_500, DAY_MS, -DAY_MS) })
  const source = fc.record(
    { do: fc.constant('source'), fault: fc.constantFrom(...sourceFaults), ms: fc.constantFrom(10, 2_500) },
    { requiredKeys: ['do', 'fault'] },
  )
  const name = fc.constantFrom(...modules.map((module) => module.name))
  const end = fc.constantFrom('crash', 'restart')
  const overlapMs = fc.constantFrom(30, 600, 2_500, 2_500, 12_000)
  const deployments = [
    { weight: 1, arbitrary: fc.record({ do: fc.constant('overlap'), ms: overlapMs }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('deployment'), document: documents, ms: overlapMs }) },
  ]
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('put'), document: documents }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('put-again'), back: fc.nat({ max: 1 }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('advance'), ms }) },
    { weight: 4, arbitrary: source },
    { weight: 7, arbitrary: fc.record({ do: command }) },
    { weight: 1, arbitrary: clock },
    { weight: 5, arbitrary: failingPutOf(fc, documents, modules) },
    { weight: 1, arbitrary: outageOf(fc, modules) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('put-in-reload'), document: documents }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('frozen-end'), end, document: documents }) },
    ...(overlaps ? deployments : []),
    { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh'), module: name }) },
    { weight: 2, arbitrary: fc.constant({ do: 'crash' }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('storm'), count, document: documents }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('put-both'), documents: fc.tuple(documents, documents) }) },
  ) as Arbitrary<GeneratedStep>
}

const failingPutOf = (fc: Fc, documents: Arbitrary<unknown>, modules: readonly KnownModule[]) =>
  fc.record(
    {
      do: fc.constant('failing-put'),
      outage: outageOf(fc, modules),
      document: documents,
      clockMs: fc.constantFrom(-DAY_MS, -DAY_MS, -DAY_MS, DAY_MS),
      isClosed: fc.constant(true),
    },
    { requiredKeys: ['do', 'outage', 'document'] },
  )

/** An outage in a call that judges a document. */
const outageOf = (fc: Fc, modules: readonly KnownModule[]): Arbitrary<Step> => {
  const phasesOf = ({ isCompensating }: KnownModule): readonly OutagePhase[] =>
    isCompensating ? ['apply'] : ['prepare', 'check']
  const places = modules.flatMap((module) => phasesOf(module).map((phase) => ({ module: module.name, phase })))
  return fc
    .record({ place: fc.constantFrom(...places), ms: fc.constantFrom(undefined, 400, 12_000) })
    .map(({ place, ms }) => ({ do: 'outage', ...place, ...(ms === undefined ? {} : { ms }) }))
}

/** Returns the steps that a scenario has, with the document that each repeated write repeats. */
export const playableSteps = (start: unknown, steps: readonly GeneratedStep[]): Step[] => {
  const written = [start]
  const put = (document: unknown): Step => {
    written.push(document)
    return { do: 'put', document }
  }
  return steps.flatMap((step): Step[] => {
    switch (step.do) {
      case 'put':
        return [put(step.document)]
      case 'put-again':
        return [put(written.at(-1 - step.back) ?? start)]
      case 'failing-put': {
        const { outage, document, clockMs, isClosed } = step
        const restart: Step[] = isClosed === undefined ? [] : [{ do: 'restart' }]
        const end: Step[] = clockMs === undefined ? restart : [{ do: 'clock', ms: clockMs }, { do: 'crash' }]
        return [outage, put(document), ...end]
      }
      case 'put-in-reload':
        return [{ do: 'reload' }, put(step.document)]
      case 'frozen-end':
        return [{ do: 'freeze' }, put(step.document), { do: step.end }]
      case 'deployment':
        return [put(step.document), { do: 'overlap', ms: step.ms }]
      default:
        return [step]
    }
  })
}
