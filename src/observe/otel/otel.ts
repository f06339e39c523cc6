import { metrics, trace } from '@opentelemetry/api'
import { observationOf } from '../../api/observation.ts'
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
  let stop = (): void => {}
  const facts = new ReloaderFacts(observation, () => stop())
  const stopMetrics = observeFacts(meterProvider.getMeter(SCOPE), facts, attributes)
  const stopSpans = followReloader(observation.status().id, {
    'changeover:transaction': (message) => spans.onTransaction(message),
    'changeover:phase': (message) => spans.onPhase(message),
  })
  stop = () => {
    facts.stop()
    stopMetrics()
    stopSpans()
    spans.stop()
  }
  return () => stop()
}
