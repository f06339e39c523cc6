import type { Settled } from './settle.ts'

/** A round: its faults, and how the services recovered. */
export interface Round {
  readonly faults: readonly string[]
  readonly settled: readonly Settled[]
}

const quantile = (sorted: readonly number[], of: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? 0

const figures = (values: readonly number[]): string => {
  const sorted = values.toSorted((a, b) => a - b)
  return [quantile(sorted, 0.5), quantile(sorted, 0.99), sorted.at(-1) ?? 0]
    .map((ms) => Math.round(ms).toString().padStart(6))
    .join('')
}

/** Lists p50, p99 and maximum for each kind of fault, in milliseconds to serving. */
export const tableOf = (rounds: readonly Round[]): readonly string[] => {
  const kinds = [...new Set(rounds.flatMap(({ faults }) => faults))].toSorted()
  const line = (name: string, some: readonly Round[]): string => {
    const settled = some.flatMap((round) => round.settled)
    const [fromHealing, fromOwnRead] = [
      figures(settled.map((one) => one.fromHealing)),
      figures(settled.map((one) => one.fromOwnRead)),
    ]
    return `${name.padEnd(20)}${String(some.length).padStart(5)}   ${fromHealing}   ${fromOwnRead}`
  }
  return [
    'milliseconds to serving from healing        from its own first good read',
    'fault               rounds      p50   p99   max      p50   p99   max',
    ...kinds.map((kind) =>
      line(
        kind,
        rounds.filter(({ faults }) => faults.includes(kind)),
      ),
    ),
    line('all', rounds),
  ]
}
