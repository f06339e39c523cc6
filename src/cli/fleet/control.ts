import type { FleetAction, FleetAnswer } from '../../fleet/fleet-command.ts'
import { changeoverError } from '../../model/failure.ts'
import { authorOf, reasonOf } from '../context/author.ts'
import type { Command } from '../context/command.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { table } from '../output/table.ts'
import { durationOf, type FlagSpecs } from '../target/flags.ts'
import { askInstances } from './ask-instances.ts'
import { instancesOf, withFleet } from './open-fleet.ts'
import { FleetFailure } from './wait-for-proof.ts'

const DEFAULT_TIMEOUT = '10s'

const flags: FlagSpecs = {
  instance: { type: 'string', value: 'ID', help: 'only this instance; all of them if it is left out' },
  author: { type: 'string', value: 'NAME', help: 'who asks; by git, or user@host, if it is left out' },
}

const reasonFlag: FlagSpecs = { message: { type: 'string', short: 'm', value: 'TEXT', help: 'the reason' } }

/** Makes a command that instances obey, each once. */
const control = (
  action: Exclude<FleetAction, 'preflight'>,
  summary: string,
  examples: Command['examples'],
  more: FlagSpecs = {},
): Command => ({
  name: action,
  usage: '',
  summary,
  flags: { ...flags, ...more },
  examples,
  run: async (context) => {
    context.atMost(0)
    const [by, reason] = [await authorOf(context), reasonOf(context)]
    return withFleet(context, async (store) => {
      const { instances } = await instancesOf(store, context.signal)
      const named = context.text('instance')
      const to = instances.map(({ id }) => id).filter((id) => named === undefined || id === named)
      if (to.length === 0) throw changeoverError('fleet.no-instances', named === undefined ? {} : { detail: named })
      const waitMs = durationOf('timeout', context.text('timeout') ?? DEFAULT_TIMEOUT)
      const question = { action, to, by, ...(reason === '' ? {} : { reason }) }
      const answers = await askInstances(store, question, waitMs, context.signal)
      const results = to.map((id) => answers.get(id) ?? { instance: id, isDone: false, code: 'fleet.no-answer' })
      context.out.say(table([['instance', 'result'], ...results.map((answer) => [answer.instance, textOf(answer)])]))
      const failed = results.filter(({ isDone }) => !isDone)
      const [first] = failed
      if (first === undefined) return { exit: exitCodes.done, json: { target: store.place, answers: results } }
      const silent = failed.find(({ code }) => code === 'fleet.no-answer')
      const detail = `${failed.length} of ${to.length}: ${failed.map(({ instance }) => instance).join(', ')}`
      const code = silent === undefined ? 'fleet.disobeyed' : 'fleet.no-answer'
      throw new FleetFailure(code, { detail: detail.slice(0, 200) }, { answers: results })
    })
  },
})

const textOf = ({ isDone, outcome, code, module }: Partial<FleetAnswer>): string => {
  const what = outcome ?? (isDone === true ? 'done' : 'not done')
  return `${what}${code === undefined ? '' : `: ${code}`}${module === undefined ? '' : ` in ${module}`}`
}

export const freeze = control(
  'freeze',
  'Makes the instances keep what they serve until changeover unfreeze.',
  [
    ['changeover freeze -m "database migration"', 'freezes all instances'],
    ['changeover freeze --instance web-1-7-mh3', 'freezes one of them'],
  ],
  reasonFlag,
)

export const unfreeze = control('unfreeze', 'Makes the instances follow the document again.', [
  ['changeover unfreeze', 'ends the freeze of all instances'],
  ['changeover unfreeze --instance web-1-7-mh3', 'ends that of one of them'],
])

export const retry = control('retry', 'Makes the instances try a quarantined document again.', [
  ['changeover retry', 'asks all instances'],
  ['changeover retry --instance web-1-7-mh3', 'asks one of them'],
])

export const confirm = control('confirm', 'Confirms the change that awaits a confirmation.', [
  ['changeover confirm', 'confirms it in all instances'],
  ['changeover confirm --instance web-1-7-mh3', 'confirms it in one of them'],
])
