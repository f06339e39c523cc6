import type { Deadlines, ReloaderOptions } from '../../../api/options.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** Short deadlines, in milliseconds: virtual time costs nothing, but traces are read by people. */
export const deadlines: Required<Deadlines> = {
  readMs: 1_000,
  validateMs: 1_000,
  prepareMs: 1_000,
  applyMs: 1_000,
  checkMs: 500,
  closeMs: 1_000,
  graceMs: 100,
  leaseMs: 1_000,
  persistMs: 500,
}

/** What every simulated process is made with. */
export const settingsOf = ({
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
  quarantine: { minMs: 500, maxMs: 5_000, crashMs: 10_000 },
  // Where nothing befalls the source a change must be found without one.
  reconcileMs: [...steps, ...during.map(({ step }) => step)].some((step) => step.do === 'source') ? 10_000 : 3_600_000,
})

/** What one transaction may take at most: each of its phases with its grace, one module after the other (G10). */
export const longestTransactionMs = (modules: number, { soakMs = 0, confirmMs = 0 }: Scenario): number => {
  const { readMs, validateMs, prepareMs, applyMs, checkMs, closeMs, graceMs, persistMs } = deadlines
  const each = prepareMs + 2 * applyMs + 2 * closeMs + 2 * checkMs + 5 * graceMs
  return readMs + 4 * validateMs + 6 * persistMs + soakMs + confirmMs + (modules + 1) * each
}

/** Long enough for every back-off, deadline, repair and quarantine to have run out. */
export const settleMs = 30_000
