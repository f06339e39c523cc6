import type { Attributes, MeterProvider, TracerProvider } from '@opentelemetry/api'
import { invalidOption } from '../../model/option-checks.ts'

/** Options of `otel`. */
export interface OtelOptions {
  /** Attributes of each span and each value of a metric: they tell the reloaders of one process apart. @default none */
  readonly attributes?: Attributes
  /** Where the spans go. @default the global tracer provider */
  readonly tracerProvider?: TracerProvider
  /** Where the metrics go. @default the global meter provider at the time of the call */
  readonly meterProvider?: MeterProvider
}

/** Checks the options. */
export const checkOptions = (options: OtelOptions): OtelOptions => {
  const { attributes = {}, tracerProvider, meterProvider, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`otel has no option ${name}`)
  if (typeof attributes !== 'object' || attributes === null) throw invalidOption('attributes must be an object')
  if (tracerProvider !== undefined && typeof tracerProvider.getTracer !== 'function') {
    throw invalidOption('tracerProvider must be a TracerProvider of OpenTelemetry')
  }
  if (meterProvider !== undefined && typeof meterProvider.getMeter !== 'function') {
    throw invalidOption('meterProvider must be a MeterProvider of OpenTelemetry')
  }
  return options
}
