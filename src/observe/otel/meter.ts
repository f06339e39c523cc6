import type { Attributes, Meter, Observable } from '@opentelemetry/api'
import type { ReloaderFacts } from '../facts.ts'
import { type MetricName, metricNames, metricTable } from '../metric-table.ts'

/** Observes the metrics of a reloader, all of one moment. Returns the function that ends it. */
export const observeFacts = (meter: Meter, facts: ReloaderFacts, attributes: Attributes): (() => void) => {
  const observables = new Map<MetricName, Observable>(metricNames.map((name) => [name, observableOf(meter, name)]))
  const all = [...observables.values()]
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    const samples = facts.read()
    for (const [name, observable] of observables) {
      for (const { value, labels } of samples.get(name) ?? []) {
        result.observe(observable, value, { ...attributes, ...labels })
      }
    }
  }
  meter.addBatchObservableCallback(observe, all)
  return () => meter.removeBatchObservableCallback(observe, all)
}

const observableOf = (meter: Meter, name: MetricName): Observable => {
  const row: { readonly type: string; readonly help: string; readonly unit?: string } = metricTable[name]
  const options = { description: row.help, ...(row.unit === undefined ? {} : { unit: row.unit }) }
  return row.type === 'counter'
    ? meter.createObservableCounter(name, options)
    : meter.createObservableGauge(name, options)
}
