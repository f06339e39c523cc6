export { metrics, type RemoveMetrics } from './metrics.ts'
export type { MetricsOptions, MetricsRegistry } from './options.ts'
