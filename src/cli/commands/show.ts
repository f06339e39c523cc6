import type { HistoryEntry } from '../../history/history-entry.ts'
import { changeoverError } from '../../model/failure.ts'
import type { Context } from '../context/context.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { showDiff } from '../output/show-diff.ts'
import { usage } from '../target/flags.ts'
import type { Command } from '../context/command.ts'
import { withoutText } from './history.ts'

export const show: Command = {
  name: 'show',
  usage: 'N',
  summary: 'Shows an entry of the history, and what it differs in from what is there.',
  flags: {},
  examples: [
    ['changeover show 12', 'shows who published entry 12, and what has changed since'],
    ['changeover show 12 --show-values > config.json', 'prints its text as it was'],
  ],
  run: async (context) => {
    context.atMost(1)
    const entry = await entryOf(context)
    const [store, checker] = [await context.store(), await context.checker()]
    if (context.showsValues) {
      context.out.write(entry.text.endsWith('\n') ? entry.text : `${entry.text}\n`)
      return { exit: exitCodes.done, json: { target: store.place, entry: { ...withoutText(entry), text: entry.text } } }
    }
    const { text } = await store.read(context.signal)
    const since = checker.diff(await checker.parseLeniently(entry.text), await checker.parseLeniently(text))
    const { number, action, author, time, reason, digest } = entry
    context.out.say(
      `Entry ${number}: ${action} by ${author} at ${time}, digest ${digest}${reason === '' ? '' : `\n  ${reason}`}`,
    )
    context.out.say(
      since.count === 0 ? 'The document is the same today.' : `Changed since:\n${showDiff(since, context.out.colours)}`,
    )
    return { exit: exitCodes.done, json: { target: store.place, entry: withoutText(entry), since } }
  },
}

/** The entry that the command line names. */
export const entryOf = async (context: Context): Promise<HistoryEntry> => {
  const given = context.argument(0, 'N')
  if (!/^[1-9]\d{0,9}$/.test(given)) throw usage('N must be the number of an entry: changeover history shows them')
  const store = await context.store()
  const entry = await store.entry(Number(given), context.signal)
  if (entry === undefined) throw changeoverError('history.no-entry', { detail: `entry ${given}` })
  return entry
}
