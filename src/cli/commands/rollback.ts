import { type Command, publishFlags } from '../context/command.ts'
import { namedRevision, publishChange } from '../publishing/publish-change.ts'
import { entryOf } from './show.ts'

export const rollback: Command = {
  name: 'rollback',
  usage: 'N',
  summary: 'Publishes an entry of the history again: checked, shown and recorded like any other change.',
  flags: publishFlags,
  examples: [
    ['changeover rollback 11 -m "max was too high"', 'asks before it writes'],
    ['changeover rollback 11 --if-revision 1743', 'does not ask, and exits with 3 if the document has changed'],
  ],
  run: async (context) => {
    context.atMost(1)
    const entry = await entryOf(context)
    const [store, checker] = [await context.store(), await context.checker()]
    const document = await store.read(context.signal)
    return publishChange(context, {
      checker,
      document,
      text: entry.text,
      action: 'rollback',
      to: entry.number,
      named: namedRevision(context),
    })
  },
}
