import type { InstanceEntry } from '../../fleet/instance-entry.ts'
import { requiredBuilds } from '../../validation/requirements.ts'
import type { Context } from '../context/context.ts'
import { durationOf, type FlagSpecs, usage } from '../target/flags.ts'

/** How many of so many instances try the candidate in one step. */
export type Step = (instances: number) => number

/** How a rollout goes. */
export interface RolloutPlan {
  readonly text: string
  /** The revision that is replaced. */
  readonly base: string
  readonly by: string
  readonly reason: string
  readonly steps: readonly Step[]
  /** How long each step lasts once all its canaries have proved the candidate, in milliseconds. */
  readonly holdMs: number
  readonly timeoutMs: number
  /** How long canaries go on without the driver, in milliseconds. */
  readonly ttlMs: number
  readonly maxFailures: number
  readonly mayTry: (instance: InstanceEntry) => boolean
}

/** The flags of a rollout. */
export const rolloutFlags: FlagSpecs = {
  steps: { type: 'string', value: 'N|P%,…', help: 'how many instances try it, step by step: 1,10%,50%' },
  hold: { type: 'string', value: '60s', help: 'how long each step lasts once it is proved' },
  'max-failures': { type: 'string', value: 'N', help: 'how many canaries may fail; none if it is left out' },
  gate: { type: 'string', value: 'CMD', help: 'run this after each step; the rollout ends unless it exits with 0' },
  label: { type: 'string', value: 'NAME=VALUE', help: 'take canaries with this label only' },
  lease: { type: 'string', value: '10s', help: 'how long canaries go on if this command dies; at least 2s' },
  abort: { type: 'boolean', help: 'end the rollout that runs: its canaries return to what they had' },
}

/** Reads the flags of a rollout. */
export const rolloutFlagsOf = (context: Context, text: string) => ({
  steps: (context.text('steps') ?? '1,10%,50%').split(',').map(stepOf),
  holdMs: durationOf('hold', context.text('hold') ?? '60s'),
  timeoutMs: durationOf('timeout', context.text('timeout') ?? '2m'),
  ttlMs: Math.max(2_000, durationOf('lease', context.text('lease') ?? '10s')),
  maxFailures: countOf(context.text('max-failures') ?? '0'),
  gate: context.text('gate'),
  mayTry: filterOf(context.text('label'), requiredBuilds(text)),
})

const stepOf = (text: string): Step => {
  const [, amount, percent] = /^\s*(\d{1,6})(%?)\s*$/.exec(text) ?? []
  const count = Number(amount)
  const isValid = amount !== undefined && count > 0 && (percent === '' || count <= 100)
  if (!isValid) throw usage('--steps must be numbers or percentages, such as 1,10%,50%')
  return percent === '' ? () => count : (instances) => Math.max(1, Math.ceil((instances * count) / 100))
}

const countOf = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw usage('--max-failures must be a whole number')
  return Number(text)
}

/** Instances that cannot try anything now are not asked. */
const filterOf = (label: string | undefined, builds: readonly string[] | undefined): RolloutPlan['mayTry'] => {
  const [name = '', value] = label?.split(/=(.*)/s) ?? []
  if (label !== undefined && (name === '' || value === undefined)) throw usage('--label must be NAME=VALUE')
  return ({ labels, build = '', stale, frozen, degraded }) => {
    const isAble = !stale && frozen === undefined && degraded.length === 0
    const isMeant = builds === undefined || builds.includes(build)
    return isAble && isMeant && (label === undefined || labels[name] === value)
  }
}
