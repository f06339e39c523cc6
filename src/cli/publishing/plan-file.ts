import { changeoverError } from '../../model/failure.ts'

/** What a plan holds: the whole document, so it is as secret as that. */
export interface Plan {
  /** Where it may be published. */
  readonly target: string
  /** The revision that it replaces. */
  readonly revision: string
  readonly text: string
  readonly author: string
  readonly reason: string
}

const PLAN_VERSION = 1

export const planText = (plan: Plan): string =>
  `${JSON.stringify({ changeoverPlan: PLAN_VERSION, ...plan }, undefined, 2)}\n`

/**
 * Reads a plan; undefined for a file that is none.
 *
 * @throws ChangeoverError `command.plan-invalid`
 */
export const readPlan = (text: string, place: string): Plan | undefined => {
  if (!text.slice(0, 100).includes('"changeoverPlan"')) return undefined
  let value: Readonly<Record<string, unknown>>
  try {
    value = JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch (error) {
    throw changeoverError('command.plan-invalid', { detail: 'it is not JSON' }, error)
  }
  const { changeoverPlan, ...plan } = value
  if (changeoverPlan === undefined) return undefined
  const fields = [plan.target, plan.revision, plan.text, plan.author, plan.reason]
  if (changeoverPlan !== PLAN_VERSION)
    throw changeoverError('command.plan-invalid', { detail: 'it is of another version' })
  if (!fields.every((field) => typeof field === 'string')) throw changeoverError('command.plan-invalid')
  if (plan.target !== place)
    throw changeoverError('command.plan-invalid', { detail: `it is for ${String(plan.target)}` })
  return plan as unknown as Plan
}
