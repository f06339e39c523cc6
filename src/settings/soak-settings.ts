import type { ConfirmOptions, SoakOptions } from '../api/options.ts'
import { SOAK_WITH_LAST_KNOWN_GOOD_MS } from '../api/option-table.ts'
import { checkFunctions, invalidOption } from '../model/option-checks.ts'
import { checkNumbers, numbersOf } from './option-values.ts'

/** How a change proves itself after its commit. */
export interface SoakSettings {
  readonly soak: Required<SoakOptions<unknown>>
  readonly confirm: Required<ConfirmOptions> | undefined
}

interface Given {
  readonly soak?: number | SoakOptions<never>
  readonly confirm?: ConfirmOptions
  readonly lastKnownGood?: unknown
}

/** Resolves the soak and its confirmation, and refuses what could never hold or never fail. */
export const resolveSoakSettings = ({ soak: given, confirm, lastKnownGood }: Given): SoakSettings => {
  const defaultMs = lastKnownGood === undefined ? 0 : SOAK_WITH_LAST_KNOWN_GOOD_MS
  const options = typeof given === 'object' && given !== null ? given : { durationMs: given ?? defaultMs }
  if (confirm !== undefined) checkNumbers({ ...confirm, withinMs: confirm.withinMs ?? Number.NaN }, 'confirm')
  const soak = resolveSoak(options, confirm?.withinMs ?? 0)
  if (confirm !== undefined && confirm.withinMs < soak.durationMs) {
    throw invalidOption('confirm.withinMs must be at least soak.durationMs: what has not soaked cannot be confirmed')
  }
  return { soak, confirm }
}

const resolveSoak = (options: SoakOptions<never>, confirmMs: number): Required<SoakOptions<unknown>> => {
  const { durationMs = Number.NaN } = options
  checkNumbers({ ...options, durationMs }, 'soak')
  const soakMs = Math.max(durationMs, confirmMs)
  const { intervalMs = Math.min(5_000, Math.max(100, soakMs / 10)) } = options
  const { failureThreshold = 1 } = numbersOf(options, 'soak')
  const { onNewer = 'wait' } = options
  if (onNewer !== 'wait' && onNewer !== 'supersede') throw invalidOption("soak.onNewer must be 'wait' or 'supersede'")
  // The first round comes at once, so a threshold of n needs n − 1 intervals.
  if (soakMs > 0 && (failureThreshold - 1) * intervalMs > soakMs) {
    throw invalidOption('soak.failureThreshold rounds do not fit into the soak: no check could ever fail it')
  }
  const checks = checkFunctions('soak.checks', options.checks) as SoakSettings['soak']['checks']
  if (soakMs === 0 && checks.length > 0) throw invalidOption('soak.checks need a soak.durationMs above 0')
  return { durationMs, intervalMs, failureThreshold, checks, onNewer }
}
