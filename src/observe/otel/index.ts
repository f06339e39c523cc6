export { otel, type OtelOptions, type StopTelemetry } from './otel.ts'
