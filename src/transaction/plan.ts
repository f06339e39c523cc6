import { ChangeoverError, changeoverError } from '../model/failure.ts'
import { NotPlain } from '../model/data/not-plain.ts'
import { toPlain } from '../model/data/plain.ts'
import type { Forced } from '../model/candidate.ts'
import type { ModuleChange } from '../model/record.ts'
import type { ModuleDefinition, Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Slot } from '../modules/slot.ts'

/** One module's part in a plan. */
export interface Step {
  readonly slot: Slot
  readonly module: ModuleDefinition
  readonly change: ModuleChange
  readonly next: unknown
  readonly previous: unknown
}

/** Which modules change, and how, in dependency order. */
export type Plan = ReadonlyMap<string, Step>

export const noSteps: Plan = new Map()

/** Which modules change although their slices are equal. */
interface Unconditional {
  readonly degraded: readonly string[]
  readonly forces?: Forced | undefined
}

/**
 * Plans which modules a config changes: those whose slice differs, those whose needs change with them, those that are
 * degraded, and those that a refresh names.
 *
 * @throws ChangeoverError `module.select-failed`, `config.not-plain`
 */
export const planOf = (
  registry: Registry,
  store: ServingStore,
  config: unknown,
  { degraded, forces = [] }: Unconditional,
): Plan => {
  const plan = new Map<string, Step>()
  const isDegraded = new Set(degraded)
  const isForced = forces === 'all' ? { has: () => true } : new Set(forces)
  for (const module of registry.order) {
    const slot = store.slot(module.name)
    const next = selectSlice(slot, config)
    const mustChange = isForced.has(module.name) || Object.values(module.needs).some((name) => plan.has(name))
    const change = changeOf(slot.slice, next, isDegraded.has(module.name), mustChange)
    if (change !== undefined) plan.set(module.name, { slot, module, change, next, previous: slot.slice })
  }
  return plan
}

const changeOf = (
  previous: unknown,
  next: unknown,
  isDegraded: boolean,
  mustChange: boolean,
): ModuleChange | undefined => {
  // Degraded and off: its first apply was never undone, so it must still be closed.
  if (next === undefined) return previous === undefined && !isDegraded ? undefined : 'off'
  if (previous === undefined) return 'open'
  if (isDegraded) return 'repair'
  return next !== previous || mustChange ? 'replace' : undefined
}

/** The module's slice as plain data; the object that serves, if nothing differs. */
const selectSlice = ({ name, slice, definition }: Slot, config: unknown): unknown => {
  try {
    const selected = definition.select(config)
    return selected === undefined ? undefined : toPlain(selected, slice)
  } catch (error) {
    if (error instanceof ChangeoverError) throw error
    const code = error instanceof NotPlain ? 'config.not-plain' : 'module.select-failed'
    throw changeoverError(code, { module: name, phase: 'validating' }, error)
  }
}
