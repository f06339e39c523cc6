import { type Attributes, createNoopMeter, type Meter, metrics, trace } from '@opentelemetry/api'
import type { TransactionMessage } from '../../api/channels.ts'
import { type Observation, observationOf } from '../../api/internal/observation.ts'
import { ReloaderFacts } from '../facts.ts'
import { followReloader } from '../feed.ts'
import { observeFacts } from './meter.ts'
import { checkOptions, type OtelOptions } from './options.ts'
import { TransactionSpans } from './transaction-spans.ts'

export type { OtelOptions } from './options.ts'

/** Ends the spans and metrics of a reloader. The close of the reloader ends them too. */
export type StopTelemetry = () => void

/** The name of the tracer and of the meter. */
const SCOPE = 'changeover'

/**
 * Makes a span of each transaction, with one of each phase of each module below it, and observes the metrics of
 * `changeover/prometheus` through a meter. Register the SDK first. Returns the function that ends both.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 *
 * @example
 * ```ts
 * otel(reloader)
 * await reloader.start()
 * ```
 */
export const otel = (reloader: object, options: OtelOptions = {}): StopTelemetry => {
  const { attributes = {}, tracerProvider = trace, meterProvider = metrics } = checkOptions(options)
  const observation = observationOf(reloader)
  const spans = new TransactionSpans(tracerProvider.getTracer(SCOPE), attributes)
  const stopMetrics = startMetrics(observation, meterProvider.getMeter(SCOPE), attributes)
  const { id } = observation.status()
  const ends: (() => void)[] = [stopMetrics, () => spans.stop()]
  let followsPhases = false
  const onTransaction = (message: TransactionMessage): void => {
    spans.onTransaction(message)
    if (followsPhases || !spans.areRecorded) return
    followsPhases = true // not before: without a provider, phases cost nothing (bench: metrics)
    ends.push(followReloader(id, { 'changeover:phase': (phase) => spans.onPhase(phase) }))
  }
  const stop = (): void => {
    for (const end of ends.splice(0)) end()
  }
  ends.push(followReloader(id, { 'changeover:transaction': onTransaction }, stop))
  return stop
}

const startMetrics = (observation: Observation, meter: Meter, attributes: Attributes): (() => void) => {
  if (meter === createNoopMeter()) return () => {} // no reader would ask (bench: metrics)
  const facts = new ReloaderFacts(observation)
  const stop = observeFacts(meter, facts, attributes)
  return () => {
    facts.stop()
    stop()
  }
}
