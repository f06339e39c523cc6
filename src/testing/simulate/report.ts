import type { RunResult } from './run.ts'
import { SimulationError } from './simulation-error.ts'
import type { Subject } from './subject.ts'

/** What was reached by all runs together. */
export interface SimulationReport {
  readonly runs: number
  readonly seed: number
  readonly transactions: number
  /** How often each outcome was reached. */
  readonly outcomes: Readonly<Record<string, number>>
  /** How often each fault was reached, as `prepare hang`. */
  readonly faults: Readonly<Record<string, number>>
  /** How often each of the user's `sometimes` was seen, by runs. */
  readonly sometimes: Readonly<Record<string, number>>
  readonly virtualMs: number
  /** All of it for people. */
  readonly text: string
}

const add = (to: Record<string, number>, from: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count
}

/** Adds up what the runs have reached. */
export class Report {
  readonly #seed: number
  #runs = 0
  #virtualMs = 0
  readonly #outcomes: Record<string, number> = {}
  readonly #faults: Record<string, number> = {}
  readonly #sometimes: Record<string, number> = {}

  constructor(seed: number) {
    this.#seed = seed
  }

  add({ outcomes, faultsReached, sometimes, virtualMs }: RunResult): void {
    this.#runs += 1
    this.#virtualMs += virtualMs
    add(this.#outcomes, outcomes)
    add(this.#faults, faultsReached)
    for (const name of sometimes) add(this.#sometimes, { [name]: 1 })
  }

  /**
   * The report, where the runs were worth something.
   *
   * @throws SimulationError `simulate.worthless`
   */
  finished<Config>({ sometimes = {} }: Subject<Config>, mustBeWorthy: boolean): SimulationReport {
    const report = this.#report()
    if (!mustBeWorthy) return report
    const never = Object.keys(sometimes).filter((name) => (this.#sometimes[name] ?? 0) === 0)
    const neverBack = (this.#outcomes['rolled-back'] ?? 0) === 0
    if (neverBack) {
      const message = `no run has ever rolled back: more runs, or modules that faults can reach\n\n${report.text}`
      throw new SimulationError('simulate.worthless', message)
    }
    if (never.length > 0) {
      throw new SimulationError('simulate.worthless', `never seen: ${never.join(', ')}\n\n${report.text}`)
    }
    return report
  }

  #report(): SimulationReport {
    const transactions = Object.values(this.#outcomes).reduce((sum, count) => sum + count, 0)
    const hours = (this.#virtualMs / 3_600_000).toFixed(1)
    const text = [
      `${this.#runs} histories, ${transactions} transactions, ${hours} hours of virtual time, seed ${this.#seed}`,
      `outcomes: ${listed(this.#outcomes)}`,
      `faults: ${listed(this.#faults)}`,
      ...(Object.keys(this.#sometimes).length === 0 ? [] : [`seen: ${listed(this.#sometimes)}`]),
    ].join('\n')
    return {
      runs: this.#runs,
      seed: this.#seed,
      transactions,
      outcomes: this.#outcomes,
      faults: this.#faults,
      sometimes: this.#sometimes,
      virtualMs: this.#virtualMs,
      text,
    }
  }
}

const listed = (counts: Readonly<Record<string, number>>): string => {
  const entries = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? 'none' : entries.map(([name, count]) => `${name} ${count}`).join(', ')
}
