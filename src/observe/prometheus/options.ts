import { changeoverError } from '../../model/failure.ts'
import { invalidOption } from '../../model/option-checks.ts'
import { ownLabels } from '../metric-table.ts'

/** A registry of prom-client, of any copy of it. */
export interface MetricsRegistry {
  readonly getSingleMetric: (name: string) => unknown
  readonly registerMetric: (metric: never) => void
  readonly removeSingleMetric: (name: string) => void
  readonly metrics: () => Promise<string>
}

/** Options of `metrics`. */
export interface MetricsOptions {
  /** The registry of prom-client that the metrics are registered in. */
  readonly register: MetricsRegistry
  /**
   * Labels for each of the metrics. Two reloaders in one registry have the same names of labels, with other values.
   *
   * @default none
   */
  readonly labels?: Readonly<Record<string, string>>
}

const methods = ['getSingleMetric', 'registerMetric', 'removeSingleMetric', 'metrics'] as const

/**
 * Checks the options.
 *
 * @throws ChangeoverError `metrics.foreign-registry`, `reloader.invalid-option`
 */
export const checkOptions = (options: MetricsOptions): Required<MetricsOptions> => {
  const { register, labels = {}, ...unknown } = (options ?? {}) as MetricsOptions
  for (const name of Object.keys(unknown)) throw invalidOption(`metrics has no option ${name}`)
  if (!isRegistry(register)) throw changeoverError('metrics.foreign-registry')
  if (typeof labels !== 'object' || labels === null) throw invalidOption('labels must be an object of strings')
  for (const [name, value] of Object.entries(labels)) {
    const isName = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)
    if (!isName || typeof value !== 'string') {
      throw invalidOption('labels must be an object of strings whose names are letters, digits and _')
    }
    if (ownLabels.has(name)) throw invalidOption(`labels must not have the name ${name}, which a metric has`)
  }
  return { register, labels: { ...labels } }
}

const isRegistry = (given: unknown): given is MetricsRegistry =>
  typeof given === 'object' &&
  given !== null &&
  methods.every((method) => typeof (given as Record<string, unknown>)[method] === 'function')
