import type { Deadlines, ReloaderOptions } from '../../../api/options.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** The deadlines of every simulated process. They are short so that traces are easy to read. */
export const deadlines: Required<Deadlines> = {
  readMs: 1_000,
  validateMs: 1_000,
  secretMs: 1_000,
  prepareMs: 1_000,
  applyMs: 1_000,
  checkMs: 500,
  closeMs: 1_000,
  graceMs: 100,
  leaseMs: 1_000,
  persistMs: 500,
}

const quarantine = { minMs: 500, maxMs: 5_000, crashMs: 10_000 }

/** The longest time for which a config is not tried again, if it ever is, in milliseconds. */
export const longestQuarantineMs = Math.max(quarantine.maxMs, quarantine.crashMs)

/** Returns the options with which a scenario creates its reloaders. */
export const reloaderOptionsOf = ({
  soakMs = 0,
  confirmMs,
  steps,
  during = [],
}: Scenario): Partial<ReloaderOptions<never>> => ({
  deadlines,
  soak: soakMs,
  ...(confirmMs === undefined ? {} : { confirm: { withinMs: Math.max(confirmMs, soakMs, 1) } }),
  sourceBackoff: { minMs: 50, maxMs: 1_000 },
  repair: { minMs: 100, maxMs: 2_000 },
  quarantine,
  // If the source has no trouble, the watch must find every change without a reconcile.
  reconcileMs: [...steps, ...during.map(({ step }) => step)].some((step) => step.do === 'source') ? 10_000 : 3_600_000,
})

/** Returns how many milliseconds one transaction may take (G10): each phase with its grace, module after module. */
export const longestTransactionMs = (modules: number, { soakMs = 0, confirmMs = 0 }: Scenario): number => {
  const { readMs, validateMs, prepareMs, applyMs, checkMs, closeMs, graceMs, persistMs } = deadlines
  const perModule = prepareMs + 2 * applyMs + 2 * closeMs + 2 * checkMs + 5 * graceMs
  return readMs + 4 * validateMs + 6 * persistMs + soakMs + confirmMs + (modules + 1) * perModule
}

/** The time in which every back-off, deadline, repair and quarantine has ended, in milliseconds. */
export const settleMs = 30_000
