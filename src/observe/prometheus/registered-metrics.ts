import { Counter, Gauge, type Registry } from 'prom-client'
import { changeoverError } from '../../model/failure.ts'
import { invalidOption } from '../../model/option-checks.ts'
import type { ReloaderFacts, Samples } from '../facts.ts'
import { type MetricName, metricNames, metricTable } from '../metric-table.ts'
import type { MetricsRegistry } from './options.ts'

/** A reloader whose metrics are in a registry. */
export interface Member {
  readonly reloader: object
  readonly facts: ReloaderFacts
  readonly labels: Readonly<Record<string, string>>
}

type Metric = Gauge | Counter

const ofRegistry = new WeakMap<MetricsRegistry, RegisteredMetrics>()

/** The metrics of one registry, filled from each of its reloaders when they are collected. */
export class RegisteredMetrics {
  readonly #registry: MetricsRegistry
  readonly #labelNames: readonly string[]
  readonly #members = new Set<Member>()
  readonly #metrics = new Map<MetricName, Metric>()
  #isFilled = false

  private constructor(registry: MetricsRegistry, labelNames: readonly string[]) {
    this.#registry = registry
    this.#labelNames = labelNames
  }

  /**
   * Returns those of a registry, which are registered now if they are not yet.
   *
   * @throws ChangeoverError `metrics.registered-twice` if the registry has another metric of one of the names;
   * `reloader.invalid-option` if the reloaders before have labels of other names
   */
  static of(registry: MetricsRegistry, labelNames: readonly string[]): RegisteredMetrics {
    const known = ofRegistry.get(registry)
    if (known?.isRegistered === true) {
      if (String([...known.#labelNames].sort()) === String([...labelNames].sort())) return known
      throw invalidOption('labels must have the same names for all reloaders of a registry')
    }
    const taken = metricNames.find((name) => registry.getSingleMetric(name) !== undefined)
    if (taken !== undefined) throw changeoverError('metrics.registered-twice', { detail: taken })
    const made = new RegisteredMetrics(registry, labelNames)
    for (const name of metricNames) made.#register(name)
    ofRegistry.set(registry, made)
    return made
  }

  /**
   * Checks that a reloader can be added.
   *
   * @throws ChangeoverError `metrics.registered-twice` if it is there, or another one with the same labels
   */
  check({ reloader, labels }: Pick<Member, 'reloader' | 'labels'>): void {
    for (const other of this.#members) {
      const isSame = this.#labelNames.every((name) => other.labels[name] === labels[name])
      if (other.reloader === reloader || isSame) {
        throw changeoverError('metrics.registered-twice', { detail: metricNames[0] as string })
      }
    }
  }

  /** Adds a reloader. Returns the function that takes it out again, and with the last one the metrics. */
  add(member: Member): () => void {
    this.#members.add(member)
    return () => {
      this.#members.delete(member)
      if (this.#members.size > 0 || ofRegistry.get(this.#registry) !== this) return
      ofRegistry.delete(this.#registry)
      for (const [name, metric] of this.#metrics) {
        if (this.#registry.getSingleMetric(name) === metric) this.#registry.removeSingleMetric(name)
      }
    }
  }

  /** False once the user has cleared the registry. */
  get isRegistered(): boolean {
    return [...this.#metrics].every(([name, metric]) => this.#registry.getSingleMetric(name) === metric)
  }

  #register(name: MetricName): void {
    const { type, help, labels } = metricTable[name]
    const settings = {
      name,
      help,
      labelNames: [...labels, ...this.#labelNames],
      registers: [this.#registry as unknown as Registry],
      collect: () => this.#fill(),
    }
    this.#metrics.set(name, type === 'counter' ? new Counter(settings) : new Gauge(settings))
  }

  /** Fills all metrics at once: a registry collects them in one turn, and their values must be of one moment. */
  #fill(): void {
    if (this.#isFilled) return
    this.#isFilled = true
    queueMicrotask(() => {
      this.#isFilled = false
    })
    const read = [...this.#members].map(({ facts, labels }) => ({ samples: facts.read(), labels }))
    for (const [name, metric] of this.#metrics) {
      metric.reset()
      // A metric without labels is reset to 0, and would not be absent.
      if (metricTable[name].labels.length + this.#labelNames.length === 0) metric.remove()
      for (const { samples, labels } of read) setSamples(metric, samples, name, labels)
    }
  }
}

const setSamples = (metric: Metric, samples: Samples, name: MetricName, labels: Member['labels']): void => {
  for (const sample of samples.get(name) ?? []) {
    const all = { ...sample.labels, ...labels }
    if (metric instanceof Gauge) metric.set(all, sample.value)
    else metric.inc(all, sample.value)
  }
}
