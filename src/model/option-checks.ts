import { type ChangeoverError, changeoverError } from './failure.ts'

/** The longest delay of a Node timer in milliseconds: 2³¹ − 1, 24.8 days. A longer one fires after 1 ms. */
export const MAX_DELAY_MS = 2_147_483_647

/** Makes the error for an option that is not valid. The detail names the option and its limit. */
export const invalidOption = (detail: string): ChangeoverError => changeoverError('reloader.invalid-option', { detail })

/**
 * Returns the value if it is a delay that a timer can hold, in milliseconds.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 */
export const checkMs = (name: string, value: number, least = 0): number => {
  const isValid = typeof value === 'number' && value >= least && value <= MAX_DELAY_MS
  if (!isValid) throw invalidOption(`${name} must be ${least} to ${MAX_DELAY_MS} milliseconds`)
  return value
}

/**
 * Returns the value if it is a whole number within the limits.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 */
export const checkCount = (name: string, value: number, least = 1, most?: number): number => {
  const isValid = Number.isSafeInteger(value) && value >= least && (most === undefined || value <= most)
  if (!isValid) {
    const limits = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`
    throw invalidOption(`${name} must be a whole number ${limits}`)
  }
  return value
}

/**
 * Returns the array if it holds only functions, and an empty one if it is undefined.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 */
export const checkFunctions = <F>(name: string, value: readonly F[] | undefined): readonly F[] => {
  const functions = value ?? []
  if (Array.isArray(functions) && functions.every((item) => typeof item === 'function')) return functions
  throw invalidOption(`${name} must be an array of functions`)
}
