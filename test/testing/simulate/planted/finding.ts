import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Scenario } from 'changeover/testing'
import type { PlantedFault } from './faults.ts'
import { plant } from './plant.ts'

/** What one seed found of a planted fault. */
export interface Finding {
  readonly seed: number
  readonly isFound: boolean
  readonly why: string
  /** Steps of the smallest history that shows it. */
  readonly steps?: number
  readonly faults?: number
  /** How many histories were played until one broke. */
  readonly histories?: number
  readonly scenario?: Scenario
}

/** Bounds a child whose planted fault makes it run for ever. */
const MAX_SECONDS_A_SEED = 120

/** Searches for a planted fault from each of the seeds, in a process of its own. */
export const huntFor = async (
  fault: PlantedFault,
  { runs, seeds }: { readonly runs: number; readonly seeds: readonly number[] },
): Promise<readonly Finding[]> => {
  const { program, remove } = await plant(fault)
  try {
    return await huntIn(program, runs, seeds)
  } finally {
    await remove()
  }
}

const huntIn = async (program: string, runs: number, seeds: readonly number[]): Promise<readonly Finding[]> => {
  const args = [program, String(runs), ...seeds.map(String)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let trouble = ''
  child.stderr.on('data', (chunk) => {
    trouble = `${trouble}${chunk}`.slice(-2_000)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), MAX_SECONDS_A_SEED * 1_000 * seeds.length)
  const findings: Finding[] = []
  for await (const line of createInterface({ input: child.stdout })) findings.push(JSON.parse(line) as Finding)
  await ended
  clearTimeout(timer)
  const left = seeds.slice(findings.length)
  return [...findings, ...left.map((seed) => ({ seed, isFound: false, why: trouble || 'no answer in time' }))]
}

/** Does the tasks, so many at a time, in their order. */
export const some = async <T>(tasks: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> => {
  const results: T[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index]
      if (task !== undefined) results[index] = await task()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}
