import type { Scenario, Step } from './scenario.ts'

/** Times that are tried in place of longer ones, in milliseconds. */
const shortMs = 1

const without = <T>(items: readonly T[], index: number): readonly T[] => items.filter((_, at) => at !== index)

const replaced = <T>(items: readonly T[], index: number, item: T): readonly T[] =>
  items.map((one, at) => (at === index ? item : one))

/** Simpler steps that may do as well. */
const simpler = (step: Step): readonly Step[] => {
  switch (step.do) {
    case 'storm':
      return [{ do: 'put', document: step.document }, ...(step.count > 2 ? [{ ...step, count: 2 }] : [])]
    case 'put-both':
      return [{ do: 'put', document: step.documents[1] }]
    case 'advance':
      return step.ms > shortMs ? [{ ...step, ms: shortMs }] : []
    case 'source': {
      const { ms: _, ...lasting } = step
      return step.ms === undefined ? [] : [lasting]
    }
    case 'restart':
      return [{ do: 'crash' }]
    default:
      return []
  }
}

/** How much virtual time some steps take, at least one millisecond each. */
const msOf = (steps: readonly Step[], pauseMs = 1): number =>
  steps.reduce((ms, step) => ms + ('ms' in step && step.ms !== undefined ? step.ms : 0), (steps.length - 1) * pauseMs)

/** All the scenarios that are one thing simpler than this one, the greatest simplifications first. */
function* simplifications(scenario: Scenario): Generator<Scenario> {
  const { steps, faults, during = [], pauseMs, soakMs, confirmMs, persists } = scenario
  for (let size = Math.floor(steps.length / 2); size > 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= steps.length; at += size) {
      yield { ...scenario, steps: [...steps.slice(0, at), ...steps.slice(at + size)] }
    }
  }
  for (const index of steps.keys()) yield { ...scenario, steps: without(steps, index) }
  // Time that passes in some steps may be all that they are good for.
  for (let size = steps.length - 1; size > 1; size--) {
    for (let at = 0; at + size <= steps.length; at++) {
      const wait = { do: 'advance', ms: msOf(steps.slice(at, at + size), pauseMs) } as const
      yield { ...scenario, steps: [...steps.slice(0, at), wait, ...steps.slice(at + size)] }
    }
  }
  for (const index of faults.keys()) yield { ...scenario, faults: without(faults, index) }
  for (const index of during.keys()) yield { ...scenario, during: without(during, index) }
  if (pauseMs !== undefined) yield dropped(scenario, 'pauseMs')
  if (soakMs !== undefined) yield dropped(scenario, 'soakMs')
  if (confirmMs !== undefined) yield dropped(scenario, 'confirmMs')
  if (persists !== undefined) yield dropped(scenario, 'persists')
  for (const [index, step] of steps.entries()) {
    for (const other of simpler(step)) yield { ...scenario, steps: replaced(steps, index, other) }
  }
  for (const [index, fault] of faults.entries()) {
    if (fault.call > 1) yield { ...scenario, faults: replaced(faults, index, { ...fault, call: fault.call - 1 }) }
  }
}

const dropped = (scenario: Scenario, name: 'pauseMs' | 'soakMs' | 'confirmMs' | 'persists'): Scenario => {
  const { [name]: _, ...rest } = scenario
  return rest
}

/**
 * The smallest scenario near this one that still breaks, by taking away one thing after the other until nothing can be
 * taken away. fast-check has shrunk it before; it does not know what belongs together here.
 *
 * @param isBroken plays a scenario; the same each time
 * @param most how many scenarios are played at most
 */
export const minimize = async (
  scenario: Scenario,
  isBroken: (candidate: Scenario) => Promise<boolean>,
  most = 600,
): Promise<Scenario> => {
  let smallest = scenario
  let played = 0
  for (let isSmaller = true; isSmaller && played < most; ) {
    isSmaller = false
    for (const candidate of simplifications(smallest)) {
      if (played >= most) break
      played += 1
      if (!(await isBroken(candidate))) continue
      smallest = candidate
      isSmaller = true
      break
    }
  }
  return smallest
}
