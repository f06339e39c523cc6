import { type Config, configOf } from './harness.ts'

/** Short deadlines that are all different, so that the sum of a transaction shows which ones it took. */
export const deadlines = {
  readMs: 900,
  validateMs: 800,
  prepareMs: 700,
  applyMs: 600,
  checkMs: 500,
  closeMs: 400,
  leaseMs: 300,
  graceMs: 50,
}

/** Makes a config in which every module has this value. */
export const allAt = (value: number): Config =>
  configOf({ a: value, b: value, c: value, d: value, x: value, k: value, l: value })
