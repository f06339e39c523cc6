/** The states in which no transaction runs. */
const restingStates = new Set(['idle', 'committed', 'rejected', 'rolled-back', 'degraded'])

export const isResting = (state: string): boolean => restingStates.has(state)

/** The innermost active state of a machine's value: the name that logs, status and pages show. */
export const stateName = (value: unknown): string => {
  let at = value
  while (typeof at === 'object' && at !== null) at = Object.values(at)[0]
  return String(at)
}
