import { playFleet } from './play-fleet.ts'

/** What became of many histories, as one line of JSON. */
export interface ManyHistories {
  readonly histories: number
  /** How many rollouts have ended so. */
  readonly results: Readonly<Record<string, number>>
  /** Of the fleets in which something was violated. */
  readonly broken: readonly {
    readonly seed: number
    readonly violations: readonly string[]
    readonly trace: readonly string[]
  }[]
}

// Plays fleets, one seed after the other, until there are enough histories, or enough of them are broken.
const [wanted = 0, first = 1, maxBroken = 1] = process.argv.slice(2).map(Number)
const results: Record<string, number> = {}
const broken: ManyHistories['broken'][number][] = []
let histories = 0
for (let seed = first; histories < wanted && broken.length < maxBroken; seed += 1) {
  const { violations, trace, ...run } = await playFleet(seed)
  histories += run.histories
  for (const line of trace) {
    const [, result] = /^r\d+ (\S+) /.exec(line) ?? []
    if (result !== undefined) results[result] = (results[result] ?? 0) + 1
  }
  if (violations.length > 0) broken.push({ seed, violations: violations.slice(0, 5), trace: trace.slice(-12) })
}
process.stdout.write(`${JSON.stringify({ histories, results, broken } satisfies ManyHistories)}\n`)
