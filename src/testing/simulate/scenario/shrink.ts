import type { Scenario, Step } from './scenario.ts'

/**
 * Finds a small scenario that still breaks, by removing one thing after the other until nothing can be removed. fast-check
 * has shrunk the scenario before, but it does not know which parts of a scenario belong together.
 * @param isBroken plays a scenario and always gives the same answer for the same scenario
 * @param maxPlayed how many scenarios are played at most
 * @param isOver returns true when no further scenario may be played
 */
export const shrink = async (
  scenario: Scenario,
  isBroken: (candidate: Scenario) => Promise<boolean>,
  maxPlayed = 600,
  isOver: () => boolean = () => false,
): Promise<Scenario> => {
  let smallest = scenario
  let candidates = simplifications(scenario)
  for (let played = 0; played < maxPlayed && !isOver(); played++) {
    const { value: candidate } = candidates.next()
    if (candidate === undefined) break
    if (!(await isBroken(candidate))) continue
    smallest = candidate
    candidates = simplifications(candidate)
  }
  return smallest
}

/** Yields every scenario that is one thing simpler than this one, the greatest simplifications first. */
function* simplifications(scenario: Scenario): Generator<Scenario, undefined> {
  const { steps, faults, during = [], pauseMs } = scenario
  for (let size = Math.floor(steps.length / 2); size > 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= steps.length; at += size) {
      yield { ...scenario, steps: [...steps.slice(0, at), ...steps.slice(at + size)] }
    }
  }
  for (const index of steps.keys()) yield { ...scenario, steps: without(steps, index) }
  // Perhaps only the time matters that some steps take.
  for (let size = steps.length - 1; size > 1; size--) {
    for (let at = 0; at + size <= steps.length; at++) {
      const wait = { do: 'advance', ms: durationMs(steps.slice(at, at + size), pauseMs) } as const
      yield { ...scenario, steps: [...steps.slice(0, at), wait, ...steps.slice(at + size)] }
    }
  }
  for (const index of faults.keys()) yield { ...scenario, faults: without(faults, index) }
  for (const index of during.keys()) yield { ...scenario, during: without(during, index) }
  for (const name of optional) {
    const { [name]: value, ...rest } = scenario
    if (value !== undefined) yield rest
  }
  for (const [index, step] of steps.entries()) {
    for (const simpler of simplerSteps(step)) yield { ...scenario, steps: replaced(steps, index, simpler) }
  }
  for (const [index, fault] of faults.entries()) {
    if (fault.call > 1) yield { ...scenario, faults: replaced(faults, index, { ...fault, call: fault.call - 1 }) }
    const { ms, ...untilTheDefault } = fault
    if (ms !== undefined) yield { ...scenario, faults: replaced(faults, index, untilTheDefault) }
  }
}

const SHORTEST_MS = 1

const optional = ['pauseMs', 'soakMs', 'confirmMs', 'persists', 'names', 'announces', 'readMs'] as const

/** Returns simpler steps that may break the same invariant. */
const simplerSteps = (step: Step): readonly Step[] => {
  switch (step.do) {
    case 'storm':
      return [{ do: 'put', document: step.document }, ...(step.count > 2 ? [{ ...step, count: 2 }] : [])]
    case 'put-both':
      return [{ do: 'put', document: step.documents[1] }]
    case 'advance':
      return step.ms > SHORTEST_MS ? [{ ...step, ms: SHORTEST_MS }] : []
    case 'source': {
      const { ms, ...untilTheEnd } = step
      return ms === undefined ? [] : [untilTheEnd]
    }
    case 'refresh':
      return step.module === undefined ? [] : [{ do: 'refresh' }]
    case 'force':
      return [{ do: 'refresh' }]
    case 'restart':
      return [{ do: 'crash' }]
    case 'overlap':
      return [{ do: 'restart' }, ...(step.ms > SHORTEST_MS ? [{ ...step, ms: SHORTEST_MS }] : [])]
    case 'outage': {
      const { ms, ...untilTheDefault } = step
      return ms === undefined ? [] : [untilTheDefault]
    }
    default:
      return []
  }
}

/** Returns how long the steps take, in milliseconds: their own time, and a pause (at least 1 ms) after each but the last. */
const durationMs = (steps: readonly Step[], pauseMs = 1): number =>
  steps.reduce((ms, step) => ms + timeOf(step), (steps.length - 1) * pauseMs)

const timeOf = (step: Step): number => (step.do === 'advance' || step.do === 'source' ? (step.ms ?? 0) : 0)

const without = <T>(items: readonly T[], index: number): readonly T[] => items.filter((_, at) => at !== index)

const replaced = <T>(items: readonly T[], index: number, item: T): readonly T[] =>
  items.map((one, at) => (at === index ? item : one))
