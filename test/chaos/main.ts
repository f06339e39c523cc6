import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createChaosRandom } from './random.ts'
import { tableOf } from './report.ts'
import { runChaos } from './run.ts'

// Strikes a real cluster of three with random faults, beside a writer and three reloaders:
//   npm run chaos -- --minutes 10 --seed 7
// Exits with 0 if all serve the newest document and nothing went wrong on the way.

const usage = 'npm run chaos -- [--minutes N | --seconds N] [--seed S]'

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const durationMs = values.seconds === undefined ? Number(values.minutes ?? 1) * 60_000 : Number(values.seconds) * 1_000
if (!Number.isSafeInteger(seed) || !(durationMs > 0)) throw new Error(usage)

const began = performance.now()
const log = (line: string): void =>
  console.log(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${line}`)

/** Returns the reachable memory in MB, after a collection. */
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const heldMb = (): number => {
  collect()
  return Math.round((process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers) / 2 ** 20)
}

// Ends the process even if something hangs.
const watchdog = setTimeout(() => {
  console.log(`FAILED with seed ${seed}: the run hangs`)
  process.exit(1)
}, durationMs + 240_000)

console.log(`chaos for ${durationMs / 1_000} s with seed ${seed}`)
const before = heldMb()
const { rounds, problems, figures } = await runChaos({ durationMs, random: createChaosRandom(seed), log })
clearTimeout(watchdog)
const after = heldMb()
// The run's own report grows with its writes and records; documents must not pile up.
const grown = after - before > 64 ? [`memory has grown from ${before} to ${after} MB`] : []
const memory = `memory: ${before} MB before, ${after} MB after`
console.log(['', ...tableOf(rounds), '', ...figures, memory, ''].join('\n'))
const all = [...problems, ...grown]
for (const line of all) console.log(`WRONG   ${line}`)
console.log(all.length === 0 ? `passed with seed ${seed}` : `FAILED with seed ${seed}`)
process.exitCode = all.length === 0 ? 0 : 1
