/** One alert, and the series that make it fire and clear, minute by minute, in promtool's notation. */
interface AlertCase {
  readonly alert: string
  readonly series: Readonly<Record<string, string>>
  /** Minutes at which it does not fire yet, fires, and has cleared. */
  readonly quiet: number
  readonly firing: number
  readonly cleared: number
  readonly labels: Readonly<Record<string, string>>
}

const cases: readonly AlertCase[] = [
  {
    alert: 'ConfigNotApplied',
    series: { 'config_reload_last_successful{instance="i"}': '1x5 0x9 1x20', 'config_frozen{instance="i"}': '0x40' },
    quiet: 10,
    firing: 12,
    cleared: 16,
    labels: { severity: 'warning', instance: 'i' },
  },
  {
    alert: 'ConfigSourceDown',
    series: { 'config_source_up{instance="i"}': '1x5 0x9 1x20' },
    quiet: 10,
    firing: 12,
    cleared: 16,
    labels: { severity: 'warning', instance: 'i' },
  },
  {
    alert: 'ConfigDegraded',
    series: { 'config_degraded_modules{instance="i"}': '0x5 2x9 0x20' },
    quiet: 6,
    firing: 8,
    cleared: 16,
    labels: { severity: 'critical', instance: 'i' },
  },
  {
    alert: 'ConfigFrozen',
    series: { 'config_frozen{instance="i"}': '0x5 1x1500 0x20' },
    quiet: 1_440,
    firing: 1_450,
    cleared: 1_510,
    labels: { severity: 'warning', instance: 'i' },
  },
  {
    alert: 'ConfigGenerationsLeak',
    series: { 'config_generations{instance="i",module="db",state="leaked"}': '0x20 3x90 3x90' },
    quiet: 20,
    firing: 40,
    cleared: 100,
    labels: { severity: 'warning', instance: 'i', module: 'db', state: 'leaked' },
  },
]

/** A held document is no failure: only the freeze itself has an alert. */
const frozen = {
  series: { 'config_reload_last_successful{instance="i"}': '0x30', 'config_frozen{instance="i"}': '1x30' },
  alert: 'ConfigNotApplied',
  minute: 25,
}

/** A test of the shipped rules, with their own times, for `promtool test rules`. JSON is YAML. */
export const ruleTest = (rules: string): string =>
  JSON.stringify({
    rule_files: [rules],
    evaluation_interval: '1m',
    tests: [
      ...cases.map(({ alert, series, quiet, firing, cleared, labels }) => ({
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [
          { eval_time: `${quiet}m`, alertname: alert, exp_alerts: [] },
          { eval_time: `${firing}m`, alertname: alert, exp_alerts: [{ exp_labels: labels }] },
          { eval_time: `${cleared}m`, alertname: alert, exp_alerts: [] },
        ],
      })),
      {
        interval: '1m',
        input_series: Object.entries(frozen.series).map(([series, values]) => ({ series, values })),
        alert_rule_test: [{ eval_time: `${frozen.minute}m`, alertname: frozen.alert, exp_alerts: [] }],
      },
    ],
  })
