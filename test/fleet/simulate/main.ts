// Plays fleets with dying drivers, partitions and late leases: npm run simulate:fleet -- --histories 100000 --seed 1
// With --planted, plants faults in copies of the sources, and plays until each is found.
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import { plant } from '../../testing/simulate/planted/plant.ts'
import type { ManyHistories } from './play-many.ts'
import { plantedFleetFaults } from './planted-faults.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    planted: { type: 'boolean', default: false },
  },
})
const [histories, seed, processes] = [Number(values.histories), Number(values.seed), Number(values.processes)]
const program = 'test/fleet/simulate/play-many.ts'

/** Plays in another process, from a bundle: that is twice as fast. */
const playIn = async (path: string, ...args: readonly number[]): Promise<ManyHistories> => {
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args.map(String)], { maxBuffer: 1e8 })
  return JSON.parse(stdout) as ManyHistories
}

const simulate = async (): Promise<void> => {
  const startedAt = performance.now()
  const bundled = await plant({ name: 'fleet', edits: [] }, program)
  const share = Math.ceil(histories / processes)
  const runs = await Promise.all(
    Array.from({ length: processes }, (_, index) => playIn(bundled.program, share, seed + index * 1_000_000, 5)),
  ).finally(bundled.remove)
  const results = new Map<string, number>()
  for (const run of runs) {
    for (const [result, count] of Object.entries(run.results)) results.set(result, (results.get(result) ?? 0) + count)
  }
  const broken = runs.flatMap((run) => run.broken)
  for (const one of broken) {
    console.log(`seed ${one.seed}:\n  ${one.violations.join('\n  ')}\n  ${one.trace.join('\n  ')}`)
  }
  const count = runs.reduce((sum, run) => sum + run.histories, 0)
  const perSecond = Math.round((count * 1_000) / (performance.now() - startedAt))
  const ends = [...results].map(([result, times]) => `${result} ${times}`).join(', ')
  console.log(`${count} histories (${perSecond} a second), ${broken.length} fleets with violations\n${ends}`)
  if (broken.length > 0) process.exitCode = 1
}

const hunt = async (): Promise<void> => {
  for (const fault of plantedFleetFaults) {
    const bundled = await plant(fault, program)
    const run = await playIn(bundled.program, histories, seed, 1).finally(bundled.remove)
    const [found] = run.broken
    if (found === undefined) process.exitCode = 1
    const how = found === undefined ? 'MISSED' : 'found '
    console.log(`${how} ${fault.name}: ${run.histories} histories, ${found?.violations[0] ?? 'nothing was violated'}`)
  }
}

await (values.planted ? hunt() : simulate())
