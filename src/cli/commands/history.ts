import type { HistoryEntry } from '../../history/history-entry.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { table } from '../output/table.ts'
import type { Command } from '../context/command.ts'

export const history: Command = {
  name: 'history',
  usage: '',
  summary: 'Lists what was published: number, time, author, reason and digest, the newest first.',
  flags: {},
  examples: [
    ['changeover history', 'lists up to 50 entries'],
    ['changeover history --json', 'prints them for a program'],
  ],
  run: async (context) => {
    context.atMost(0)
    const store = await context.store()
    const { document, entries, isCurrent } = await store.history(context.signal)
    const { out } = context
    if (!isCurrent && document.text !== undefined) {
      const since = entries.length === 0 ? 'has no history yet' : 'was written by something that keeps no history'
      out.say(
        out.colours.changed(`The document at revision ${document.revision} ${since}. The next publish records it.`),
      )
    }
    if (entries.length > 0)
      out.say(table([['number', 'time', 'action', 'digest', 'author', 'reason'], ...entries.map(rowOf)]))
    const json = { target: store.place, revision: document.revision, isCurrent, entries: entries.map(withoutText) }
    return { exit: exitCodes.done, json }
  },
}

const rowOf = ({ number, time, action, to, digest, author, reason }: HistoryEntry): readonly string[] => {
  const how = to === undefined ? action : `${action} to ${to}`
  return [String(number), time.replace('T', ' ').slice(0, 19), how, digest, author, reason.replace(/\s+/g, ' ')]
}

/** What may be shown of an entry. */
export const withoutText = ({ text: _, id: __, ...shown }: HistoryEntry) => shown
