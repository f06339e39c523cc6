import type { Generation } from '../applier.ts'

// A generation object that comes a second time would be closed twice, once while it serves.
const taken = new WeakSet<object>()

/**
 * A generation of our own with what the user's object has, read once: what becomes of that object later is its affair.
 * Undefined where it is none.
 */
export const generationOf = (value: unknown): Generation<unknown> | undefined => {
  try {
    if (typeof value !== 'object' || value === null || !('instance' in value) || taken.has(value)) return undefined
    const { instance, commit, rollback, check, close } = value as Generation<unknown>
    const areHooks = [commit, rollback, check, close].every((hook) => hook === undefined || typeof hook === 'function')
    if (!areHooks) return undefined
    taken.add(value)
    return {
      instance,
      ...(commit && { commit: () => commit.call(value) }),
      ...(rollback && { rollback: () => rollback.call(value) }),
      ...(check && { check: (signal) => check.call(value, signal) }),
      ...(close && { close: () => close.call(value) }),
    }
  } catch {
    return undefined // a getter of its own threw
  }
}
