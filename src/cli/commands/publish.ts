import { exitCodes } from '../output/exit-codes.ts'
import { type Command, publishFlags } from '../context/command.ts'
import { Conflict } from '../publishing/conflict.ts'
import { readPlan } from '../publishing/plan-file.ts'
import { namedRevision, publishChange } from '../publishing/publish-change.ts'

export const publish: Command = {
  name: 'publish',
  usage: 'FILE|PLAN',
  summary: 'Checks a file or a plan, shows what it changes, and writes it together with its entry in the history.',
  flags: publishFlags,
  examples: [
    ['changeover publish config.json -m "more connections"', 'asks before it writes'],
    ['changeover publish config.json --if-revision 1742', 'does not ask, and exits with 3 if the document has changed'],
  ],
  run: async (context) => {
    context.atMost(1)
    const name = context.argument(0, 'FILE')
    const given = await context.read(name)
    const store = await context.store()
    const plan = readPlan(given, store.place)
    const checker = await context.checker(plan === undefined ? name : undefined)
    const document = await store.read(context.signal)
    if (plan === undefined) {
      return publishChange(context, {
        checker,
        document,
        text: given,
        action: 'publish',
        named: namedRevision(context),
      })
    }
    const { text, revision, author, reason } = plan
    // A plan that was published already has done what it says.
    if (document.text === text && document.revision !== revision) {
      context.out.say('Nothing to do: the document is as planned.')
      return { exit: exitCodes.done, json: { isChanged: false, target: store.place, revision: document.revision } }
    }
    if (document.revision !== revision) throw await Conflict.with(context, checker, text, document)
    return publishChange(context, { checker, document, text, action: 'publish', named: revision, author, reason })
  },
}
