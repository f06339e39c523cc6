import type { MachineInspectionEvent } from 'changeover'
import { secretsIn } from '../support/secrets.ts'

/**
 * Lists all texts that can be reached from a value: fields, symbols, prototypes, getters, and calls such as `toJSON`.
 */
export const reachable = (value: unknown, seen = new Set<unknown>()): string[] => {
  if (typeof value === 'function') return [value.name]
  if (typeof value !== 'object' || value === null) return [String(value)]
  if (seen.has(value)) return []
  seen.add(value)
  const texts: string[] = []
  for (let at: object | null = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) texts.push(String(key), ...reachable(Reflect.get(at, key, value), seen))
  }
  for (const call of ['getSnapshot', 'toJSON', 'getPersistedSnapshot']) {
    const method = (value as Readonly<Record<string, unknown>>)[call]
    if (typeof method === 'function') texts.push(...reachable(method.call(value), seen))
  }
  return texts
}

/** Keeps everything that it receives, and searches it at once and again at the end. */
export const createSpy = () => {
  const events: MachineInspectionEvent[] = []
  const texts: string[] = []
  const seen = new Set<unknown>() // an actor is searched at once, and once more at the end
  const note = (event: MachineInspectionEvent): void => {
    events.push(event)
    texts.push(...reachable(event, seen), JSON.stringify(event))
  }
  return { events, note, leaks: () => secretsIn([...texts, ...reachable(events)].join('\n')) }
}
