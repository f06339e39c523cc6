import { MAX_DELAY_MS } from '../api/clock.ts'
import { changeoverError } from '../model/failure.ts'
import type { BackoffOptions } from '../api/options.ts'

/** The error for an option that cannot be. */
export const invalid = (detail: string): Error => changeoverError('reloader.invalid-option', { detail })

/** The value, where it is a delay that timers hold: NaN and delays over 2³¹ − 1 become 1 ms in Node's timers. */
export const checkMs = (name: string, value: number, least = 0): number => {
  const isValid = typeof value === 'number' && value >= least && value <= MAX_DELAY_MS
  if (!isValid) throw invalid(`${name} takes milliseconds from ${least} to ${MAX_DELAY_MS}`)
  return value
}

/** The value, where it is a whole number from 1. */
export const checkCount = (name: string, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} takes a whole number from 1`)
  return value
}

/** A back-off with its defaults filled in. */
export const resolveBackoff = (name: string, given: BackoffOptions | undefined, minMs: number, maxMs: number) => {
  const backoff = { minMs: given?.minMs ?? minMs, maxMs: given?.maxMs ?? maxMs }
  checkMs(`${name}.minMs`, backoff.minMs, 1)
  checkMs(`${name}.maxMs`, backoff.maxMs, 1)
  if (backoff.minMs > backoff.maxMs) throw invalid(`${name}.minMs is not above ${name}.maxMs`)
  return backoff
}

/** The functions, where all of them are. */
export const checkFunctions = <F>(name: string, given: readonly F[] | undefined): readonly F[] => {
  const functions = given ?? []
  if (Array.isArray(functions) && functions.every((one) => typeof one === 'function')) return functions
  throw invalid(`${name} takes functions`)
}
