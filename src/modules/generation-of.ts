import type { Generation } from '../api/applier.ts'
import { createMark } from '../model/mark.ts'

// A generation object that comes a second time would be closed twice, once while it serves.
const taken = createMark()
// What is frozen takes no mark.
const takenFrozen = new WeakSet<object>()

const isTaken = (value: object): boolean => taken.has(value) || takenFrozen.has(value)

/**
 * A generation of our own with what the user's object has, read once: what becomes of that object later is its affair.
 * Undefined where it is none.
 */
export const generationOf = (value: unknown): Generation<unknown> | undefined => {
  try {
    if (typeof value !== 'object' || value === null || !('instance' in value) || isTaken(value)) return undefined
    const { instance, commit, rollback, check, close } = value as Generation<unknown>
    if (!isHook(commit) || !isHook(rollback) || !isHook(check) || !isHook(close)) return undefined
    if (Object.isExtensible(value)) taken.add(value)
    else takenFrozen.add(value)
    const generation: { -readonly [Member in keyof Generation<unknown>]: Generation<unknown>[Member] } = { instance }
    if (commit) generation.commit = () => commit.call(value)
    if (rollback) generation.rollback = () => rollback.call(value)
    if (check) generation.check = (signal) => check.call(value, signal)
    if (close) generation.close = () => close.call(value)
    return generation
  } catch {
    return undefined // a getter of its own threw
  }
}

const isHook = (member: unknown): boolean => member === undefined || typeof member === 'function'
