/** How a metric is described to a library. */
interface MetricRow {
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly labels: readonly string[]
  readonly unit?: 's'
}

const gauge = (help: string, ...labels: string[]): MetricRow => ({ type: 'gauge', help, labels })
const seconds = (help: string, ...labels: string[]): MetricRow => ({ type: 'gauge', help, labels, unit: 's' })
const counter = (help: string, ...labels: string[]): MetricRow => ({ type: 'counter', help, labels })

/** Every metric by its name. The reference is generated from it. */
export const metricTable = {
  config_reload_last_successful: gauge(
    '1 if the newest document that could be read serves, 0 if it does not. A running transaction changes nothing.',
  ),
  config_reload_last_success_timestamp_seconds: seconds('When a transaction last ended committed or unchanged.'),
  config_reloads_total: counter('Transactions by their outcome.', 'outcome'),
  config_reload_duration_seconds: seconds('How long the last transaction took that was not superseded or aborted.'),
  config_module_phase_duration_seconds: seconds(
    'How long the last call of each phase of a module took, and how it ended.',
    'module',
    'phase',
    'result',
  ),
  config_serving_info: gauge('1 for the revision that serves, and the build of the program.', 'revision', 'build'),
  config_source_up: gauge('1 while the source is followed, 0 while it cannot be read.'),
  config_source_stale_seconds: seconds(
    'For how long the serving config has not been compared with the source. 0 while the source is followed.',
  ),
  config_in_sync: gauge('1 while the newest document of the source serves.'),
  config_degraded_modules: gauge('Modules that may not serve the config.'),
  config_quarantined: gauge('Configs that are not tried again for now.'),
  config_frozen: gauge('1 while changes are frozen.'),
  config_confirmation_pending: gauge('1 while a transaction awaits its confirmation.'),
  config_generations: gauge(
    'Generations of a module that are live (they serve, are prepared or drain) or leaked (not closed in time).',
    'module',
    'state',
  ),
  config_leases_overdue_total: counter('Leases that held a replaced generation for too long.'),
} as const satisfies Readonly<Record<string, MetricRow>>

export type MetricName = keyof typeof metricTable

export const metricNames = Object.keys(metricTable) as readonly MetricName[]

/** The names that no label of a user may have. */
export const ownLabels: ReadonlySet<string> = new Set(Object.values(metricTable).flatMap(({ labels }) => labels))
