import type { RunnerTimeout } from '../play/runner-timeout.ts'
import type { TimeLimit } from '../play/time-limit.ts'
import type { RunResult } from '../scenario/run-result.ts'
import {
  type EnvironmentCall,
  environmentCalls,
  type EnvironmentPhase,
  faultKindsOf,
  faultPhases,
  sourceFaults,
} from '../scenario/scenario.ts'
import { SimulationError } from '../scenario/simulation-error.ts'
import type { KnownModule, Subject } from '../scenario/subject.ts'

/** What all runs of a simulation reached together. */
export interface SimulationReport {
  readonly runs: number
  readonly seed: number
  readonly transactions: number
  /** How often each outcome was reached. */
  readonly outcomes: Readonly<Record<string, number>>
  /** How often each fault was reached, such as `db.prepare hang`, `source compact`, `process crash in soaking`. */
  readonly faults: Readonly<Record<string, number>>
  /** The faults of modules and environment that no run reached. More runs reach more of them. */
  readonly unreached: readonly string[]
  /** In how many runs each of the user's `sometimes` conditions was met. */
  readonly sometimes: Readonly<Record<string, number>>
  /** How much virtual time passed, in milliseconds. */
  readonly virtualMs: number
  /** The report as text. */
  readonly text: string
}

/** Collects what the runs reach. */
export class Report {
  readonly #seed: number
  readonly #modules: readonly KnownModule[]
  #runs = 0
  #virtualMs = 0
  readonly #outcomes: Record<string, number> = {}
  readonly #faults: Record<string, number> = {}
  readonly #sometimes: Record<string, number> = {}
  /** The modules that no run has called. */
  readonly #idle: Set<string>

  constructor(seed: number, modules: readonly KnownModule[]) {
    this.#modules = modules
    this.#idle = new Set(modules.map(({ name }) => name))
    this.#seed = seed
  }

  /** How many histories have been played. */
  get runs(): number {
    return this.#runs
  }

  /** Adds a history, and returns how many there are. */
  add({ outcomes, faultsReached, sometimes, virtualMs, trace }: RunResult): number {
    if (this.#idle.size > 0) {
      for (const { what } of trace) if (what.kind === 'call') this.#idle.delete(what.module)
    }
    this.#runs += 1
    this.#virtualMs += virtualMs
    addCounts(this.#outcomes, outcomes)
    addCounts(this.#faults, faultsReached)
    for (const name of sometimes) addCounts(this.#sometimes, { [name]: 1 })
    return this.#runs
  }

  /**
   * Returns the report.
   * @param search how many histories were to be played, in which time; undefined if it was one, which cannot reach everything
   * @throws SimulationError `simulate.worthless`, `simulate.time-limit`
   */
  finish<Config>({ sometimes = {} }: Subject<Config>, search?: Search): SimulationReport {
    if (search === undefined) return this.#report()
    const { runs, limit } = search
    const isCut = this.#runs < runs
    const why = limit.runner === undefined ? `, all that the time limit of ${limit.givenMs} ms allowed` : ''
    const report = this.#report(isCut ? ` of ${runs}${why}` : '')
    if (isCut && limit.runner !== undefined) throw cutByRunner(limit.runner, report, runs)
    if (this.#idle.size > 0) {
      const names = [...this.#idle].join(', ')
      throw worthless(`no run ever called ${names}: let \`documents\` switch it on`, report)
    }
    if (report.outcomes['rolled-back'] === undefined) {
      throw worthless('no run ended in a rollback: play more runs, or add modules that faults can reach', report)
    }
    const unseen = Object.keys(sometimes).filter((name) => report.sometimes[name] === undefined)
    if (unseen.length > 0) throw worthless(`never seen: ${unseen.join(', ')}`, report)
    return report
  }

  /** @param ended why there are fewer histories than there were to be */
  #report(ended = ''): SimulationReport {
    const [seed, runs, virtualMs] = [this.#seed, this.#runs, this.#virtualMs]
    const outcomes = sorted(this.#outcomes)
    const faults = sorted(this.#faults)
    const sometimes = sorted(this.#sometimes)
    const transactions = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
    const all = reachableFaults(this.#modules)
    const unreached = all.filter((fault) => faults[fault] === undefined)
    const hours = (virtualMs / 3_600_000).toFixed(1)
    const text = [
      `${runs} histories${ended}, ${transactions} transactions, ${hours} hours of virtual time, seed ${seed}`,
      `outcomes: ${listed(outcomes)}`,
      ...(Object.keys(sometimes).length === 0 ? [] : [`seen: ${listed(sometimes)}`]),
      `faults: ${all.length - unreached.length} of ${all.length} kinds were reached${namedIfFew(unreached)}`,
      ...byPlace(faults),
    ].join('\n')
    return { runs, seed, transactions, outcomes, faults, unreached, sometimes, virtualMs, text }
  }
}

interface Search {
  readonly runs: number
  readonly limit: TimeLimit
}

const cutByRunner = (
  { runner, ms, remedy }: RunnerTimeout,
  { runs, text }: SimulationReport,
  all: number,
): SimulationError => {
  const what = `${runner} ends this test after ${ms} ms, and ${runs} of ${all} histories were played in most of that time`
  const todo = `give the test more time, as in ${remedy}, play fewer \`runs\`, or set \`timeLimitMs\` to less`
  return new SimulationError('simulate.time-limit', `${what}: ${todo}\n\n${text}`)
}

const worthless = (message: string, { text }: SimulationReport): SimulationError =>
  new SimulationError('simulate.worthless', `${message}\n\n${text}`)

const addCounts = (to: Record<string, number>, from: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count
}

/** Lists every fault that a simulation of these modules can reach. */
const reachableFaults = (modules: readonly KnownModule[]): readonly string[] => {
  const phasesOf = ({ isCompensating }: KnownModule) =>
    faultPhases.filter((phase) => phase === 'close' || (phase === 'apply' || phase === 'undo') === isCompensating)
  const ofModules = modules.flatMap((module) =>
    phasesOf(module).flatMap((phase) => faultKindsOf(phase).map((kind) => `${module.name}.${phase} ${kind}`)),
  )
  return [
    ...ofModules,
    ...environmentCalls.flatMap((call) => faultKindsOf(phaseIn(call)).map((kind) => `${call} ${kind}`)),
    ...sourceFaults.map((fault) => `source ${fault}`),
    'source storm',
    'source two keys at once',
    'source reordered keys',
    'process clock set',
  ]
}

const phaseIn = (call: EnvironmentCall): EnvironmentPhase => call.slice(call.indexOf('.') + 1) as EnvironmentPhase

const sorted = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none'

/** A longer list is not printed. `unreached` has it. */
const MAX_NAMED = 12

const namedIfFew = (unreached: readonly string[]): string =>
  unreached.length === 0 || unreached.length > MAX_NAMED ? '' : `; not yet: ${unreached.join(', ')}`

/** Formats a line for each call, such as `  db.prepare  hang 3, throw 4`. */
const byPlace = (faults: Readonly<Record<string, number>>): readonly string[] => {
  const places = new Map<string, string[]>()
  for (const [fault, count] of Object.entries(faults)) {
    const at = fault.indexOf(' ')
    const place = fault.slice(0, at)
    places.set(place, [...(places.get(place) ?? []), `${fault.slice(at + 1)} ${count}`])
  }
  const width = Math.max(...[...places.keys()].map((place) => place.length))
  return [...places].map(([place, kinds]) => `  ${place.padEnd(width)}  ${kinds.join(', ')}`)
}
