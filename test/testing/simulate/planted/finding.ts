import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Scenario } from 'changeover/testing'
import type { PlantedFault } from './planted-fault.ts'
import { plant } from './plant.ts'

/** The result of the search for a planted fault from one seed. */
export interface Finding {
  readonly seed: number
  readonly isFound: boolean
  readonly why: string
  /** The number of steps of the smallest history that breaks an invariant. */
  readonly steps?: number
  readonly faults?: number
  /** How many histories were played until one broke an invariant. */
  readonly histories?: number
  readonly scenario?: Scenario
}

/** The time limit of a child, because a planted fault may make it run for ever. */
const MAX_SECONDS_PER_SEED = 300

interface Hunt {
  readonly runs: number
  readonly seeds: readonly number[]
  /** False to leave a history as it was found. */
  readonly shrinks: boolean
}

/** Searches for a planted fault from each of the seeds, in a separate process. */
export const huntFor = async (fault: PlantedFault, hunt: Hunt): Promise<readonly Finding[]> => {
  const { program, remove } = await plant(fault)
  try {
    return await huntIn(program, hunt)
  } finally {
    await remove()
  }
}

const huntIn = async (program: string, { runs, seeds, shrinks }: Hunt): Promise<readonly Finding[]> => {
  const args = [program, shrinks ? 'shrink' : 'count', String(runs), ...seeds.map(String)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr = `${stderr}${chunk}`.slice(-2_000)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), MAX_SECONDS_PER_SEED * 1_000 * seeds.length)
  const findings: Finding[] = []
  for await (const line of createInterface({ input: child.stdout })) findings.push(JSON.parse(line) as Finding)
  await ended
  clearTimeout(timer)
  const missing = seeds.slice(findings.length)
  return [
    ...findings,
    ...missing.map((seed) => ({ seed, isFound: false, why: stderr || 'the time limit was exceeded' })),
  ]
}

/** Runs the tasks in their order, at most `concurrency` at a time. */
export const runConcurrently = async <T>(tasks: readonly (() => Promise<T>)[], concurrency: number): Promise<T[]> => {
  const results: T[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index]
      if (task !== undefined) results[index] = await task()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return results
}
