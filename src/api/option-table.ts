import type { ReloaderOptions } from './options.ts'

/** How an option is checked: a delay, a whole number, or by a check of its own in `settings`. */
export interface OptionRow {
  readonly check: 'ms' | 'count' | 'own'
  /** The default value; words if it is not a number. */
  readonly default: number | string
  readonly unit?: 'ms' | 'bytes'
  /** The smallest value. */
  readonly least?: number
}

const ms = (value: number | string, least = 1): OptionRow => ({ check: 'ms', default: value, unit: 'ms', least })
const count = (value: number): OptionRow => ({ check: 'count', default: value, least: 1 })
const own = (value: string): OptionRow => ({ check: 'own', default: value })

/** Every option with its default, unit and check. Names, defaults, checks and the reference derive from it. */
export const optionTable = {
  source: own('required'),
  schema: own('required'),
  logger: own('none'),
  diagnostics: own("'redacted'"),
  public: own('none'),
  live: own('none'),
  restart: own('none'),
  'restart.paths': own('required'),
  'restart.policy': own("'warn'"),
  parse: own('strict JSON'),
  secrets: own('none'),
  policies: own('none'),
  maxDocumentBytes: { ...count(1_572_864), unit: 'bytes' },
  concurrency: count(8),
  deadlines: own('see below'),
  'deadlines.readMs': ms(5_000),
  'deadlines.validateMs': ms(5_000),
  'deadlines.prepareMs': ms(30_000),
  'deadlines.applyMs': ms(30_000),
  'deadlines.checkMs': ms(5_000),
  'deadlines.closeMs': ms(30_000),
  'deadlines.graceMs': ms(1_000, 0),
  'deadlines.leaseMs': ms(30_000),
  'deadlines.secretMs': ms(5_000),
  'deadlines.persistMs': ms(5_000),
  soak: own('no soak; 10,000 ms with lastKnownGood'),
  'soak.durationMs': ms('required', 0),
  'soak.intervalMs': ms('a tenth of the duration, from 100 to 5,000'),
  'soak.failureThreshold': count(1),
  'soak.checks': own('none'),
  'soak.onNewer': own("'wait'"),
  lastKnownGood: own('nothing is stored'),
  build: own('none'),
  service: own('see below'),
  'service.name': own('the npm package whose script runs, or the main file'),
  'service.version': own('that of the npm package whose script runs'),
  'service.host': own('the host name'),
  maxAttempts: count(3),
  quarantine: own('see below'),
  'quarantine.minMs': ms(5_000),
  'quarantine.maxMs': ms(600_000),
  'quarantine.crashMs': ms(3_600_000),
  confirm: own('no confirmation'),
  'confirm.withinMs': ms('required'),
  sourceBackoff: own('see below'),
  'sourceBackoff.minMs': ms(200),
  'sourceBackoff.maxMs': ms(5_000),
  repair: own('see below'),
  'repair.minMs': ms(1_000),
  'repair.maxMs': ms(60_000),
  reconcileMs: ms(60_000),
  inspect: own('none'),
  clock: own('the system clock'),
  random: own('Math.random'),
} as const satisfies Record<keyof ReloaderOptions<unknown>, OptionRow> & Record<string, OptionRow>

/** The soak if a last known good is kept, in milliseconds. */
export const SOAK_WITH_LAST_KNOWN_GOOD_MS = 10_000

/** How long a close may take, in milliseconds: below the 30 s after which Kubernetes kills a process. */
export const CLOSE_DEADLINE_MS = 25_000
