import { type OptionRow, optionTable } from '../api/option-table.ts'
import { checkCount, checkMs, invalidOption } from '../model/option-checks.ts'

/** Options that have options of their own. */
export type Group = 'restart' | 'deadlines' | 'soak' | 'quarantine' | 'confirm' | 'service' | 'sourceBackoff' | 'repair'

type Given = Readonly<Record<string, unknown>>

const rows: readonly (readonly [name: string, row: OptionRow])[] = Object.entries(optionTable)

/** The rows of a group by their short names; without a group, those of the reloader itself. */
const rowsOf = (group: Group | undefined): ReadonlyMap<string, OptionRow> => {
  const prefix = group === undefined ? '' : `${group}.`
  return new Map(
    rows
      .filter(([name]) => (group === undefined ? !name.includes('.') : name.startsWith(prefix)))
      .map(([name, row]) => [name.slice(prefix.length), row]),
  )
}

/** Refuses options that do not exist: a misspelt one would silently keep its default. */
export const checkNames = (given: object, group?: Group): void => {
  const known = rowsOf(group)
  for (const name of Object.keys(given)) {
    if (!known.has(name))
      throw invalidOption(group === undefined ? `there is no option ${name}` : `${group} has no ${name}`)
  }
}

const checkValue = (name: string, { check, least = 0 }: OptionRow, value: unknown): unknown => {
  if (check === 'ms') return checkMs(name, value as number, least)
  return check === 'count' ? checkCount(name, value as number, least) : value
}

/** Checks the numbers that are given, without filling in defaults. */
export const checkNumbers = <T extends object>(given: T, group: Group): T => {
  checkNames(given, group)
  for (const [name, row] of rowsOf(group)) {
    const value = (given as Given)[name]
    if (value !== undefined) checkValue(`${group}.${name}`, row, value)
  }
  return given
}

/** Fills in the defaults of all options that are plain numbers, and checks them. */
export const numbersOf = (given: object, group?: Group): Record<string, number> => {
  checkNames(given, group)
  const numbers: Record<string, number> = {}
  for (const [name, row] of rowsOf(group)) {
    if (typeof row.default !== 'number') continue
    const fullName = group === undefined ? name : `${group}.${name}`
    numbers[name] = checkValue(fullName, row, (given as Given)[name] ?? row.default) as number
  }
  return numbers
}

/** Fills in and checks a back-off. */
export const backoffOf = <T extends { readonly minMs: number; readonly maxMs: number }>(
  given: object | undefined,
  group: Group,
): T => {
  const backoff = numbersOf(given ?? {}, group) as unknown as T
  if (backoff.minMs > backoff.maxMs) throw invalidOption(`${group}.minMs must not exceed ${group}.maxMs`)
  return backoff
}
