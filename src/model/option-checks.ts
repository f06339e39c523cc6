import { type ChangeoverError, changeoverError } from './failure.ts'

/** The longest delay that a Node timer can hold: 2³¹ − 1 ms, 24.8 days. A longer one fires after 1 ms instead. */
export const MAX_DELAY_MS = 2_147_483_647

/** Makes the error for an option that is not valid. `detail` names the option and its limit. */
export const invalidOption = (detail: string): ChangeoverError => changeoverError('reloader.invalid-option', { detail })

/** Returns the value if a timer can hold it: Node turns NaN and longer delays into 1 ms. */
export const checkMs = (name: string, value: number, least = 0): number => {
  const isValid = typeof value === 'number' && value >= least && value <= MAX_DELAY_MS
  if (!isValid) throw invalidOption(`${name} must be ${least} to ${MAX_DELAY_MS} milliseconds`)
  return value
}

/** Returns the value if it is a whole number within the limits. */
export const checkCount = (name: string, value: number, least = 1, most?: number): number => {
  const isValid = Number.isSafeInteger(value) && value >= least && (most === undefined || value <= most)
  if (!isValid) {
    throw invalidOption(`${name} must be a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`)
  }
  return value
}

/** Returns the functions if all of them are functions; an empty array if none are given. */
export const checkFunctions = <F>(name: string, given: readonly F[] | undefined): readonly F[] => {
  const functions = given ?? []
  if (Array.isArray(functions) && functions.every((one) => typeof one === 'function')) return functions
  throw invalidOption(`${name} must be an array of functions`)
}
