import type { ConfirmOptions, SoakOptions } from '../api/options.ts'
import { checkCount, checkFunctions, checkMs, invalidOption } from '../model/option-checks.ts'

/** How a change proves itself after its commit. */
export interface SoakSettings {
  readonly soak: Required<SoakOptions<unknown>>
  readonly confirm: Required<ConfirmOptions> | undefined
}

const resolveSoak = (
  given: number | SoakOptions<never> | undefined,
  defaultMs: number,
  confirmMs: number,
): Required<SoakOptions<unknown>> => {
  const options = typeof given === 'object' && given !== null ? given : { durationMs: given ?? defaultMs }
  const durationMs = checkMs('soak.durationMs', options.durationMs)
  const provingMs = Math.max(durationMs, confirmMs)
  const intervalMs = options.intervalMs ?? Math.min(5_000, Math.max(100, provingMs / 10))
  const failureThreshold = checkCount('soak.failureThreshold', options.failureThreshold ?? 1)
  checkMs('soak.intervalMs', intervalMs, 1)
  // The first round comes at once, so a threshold of n needs n − 1 intervals.
  if (provingMs > 0 && (failureThreshold - 1) * intervalMs > provingMs) {
    throw invalidOption('soak.failureThreshold rounds do not fit into the proof: no check could ever fail it')
  }
  const checks = checkFunctions('soak.checks', options.checks) as SoakSettings['soak']['checks']
  if (provingMs === 0 && checks.length > 0) throw invalidOption('soak.checks need a soak.durationMs above 0')
  return { durationMs, intervalMs, failureThreshold, checks }
}

const resolveConfirm = (given: ConfirmOptions | undefined): Required<ConfirmOptions> | undefined =>
  given === undefined ? undefined : { withinMs: checkMs('confirm.withinMs', given.withinMs, 1) }

/** The soak and its confirmation; what could never hold, or never fail, is refused. */
export const resolveSoakSettings = (
  given: { readonly soak?: number | SoakOptions<never>; readonly confirm?: ConfirmOptions },
  defaultSoakMs: number,
): SoakSettings => {
  const confirm = resolveConfirm(given.confirm)
  const soak = resolveSoak(given.soak, defaultSoakMs, confirm?.withinMs ?? 0)
  if (confirm !== undefined && confirm.withinMs < soak.durationMs) {
    throw invalidOption('confirm.withinMs is at least soak.durationMs: nobody could confirm what has not been proved')
  }
  return { soak, confirm }
}
