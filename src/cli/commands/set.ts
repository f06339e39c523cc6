import { editText } from '../../formats/edit/edit-text.ts'
import { NO_REVISION } from '../../history/document-store.ts'
import type { Path } from '../../model/data/not-plain.ts'
import { changeoverError } from '../../model/failure.ts'
import type { Checker } from '../check/checker.ts'
import { pathOf } from '../context/path-of.ts'
import { valuesOf } from '../context/values-of.ts'
import { usage } from '../target/flags.ts'
import { type Command, publishFlags } from '../context/command.ts'
import { Conflict } from '../publishing/conflict.ts'
import { namedRevision, publishChange } from '../publishing/publish-change.ts'

export const set: Command = {
  name: 'set',
  usage: 'PATH VALUE',
  summary: 'Changes one value in place, with comments and order kept, shows the difference and publishes it.',
  flags: {
    string: { type: 'boolean', help: 'take VALUE as a text, even if it looks like a number' },
    ...publishFlags,
  },
  examples: [
    ['changeover set log.level debug -m "find the leak"', 'asks on a terminal, and not in a script'],
    ['changeover set db.password - < password.txt', 'takes a secret from the standard input'],
  ],
  run: async (context) => {
    context.atMost(2)
    const path = pathOf(context.argument(0, 'PATH'))
    const given = context.args[1]
    if (given === undefined) throw usage('VALUE is missing')
    const values = await valuesOf(context, path, given)
    const [store, checker] = [await context.store(), await context.checker()]
    const document = await store.read(context.signal)
    const { text } = document
    if (document.revision === NO_REVISION || text === undefined) {
      throw changeoverError(
        text === undefined && document.revision !== NO_REVISION ? 'document.encoding' : 'document.missing',
      )
    }
    const named = namedRevision(context)
    if (named !== undefined && named !== document.revision) throw await Conflict.with(context, checker, text, document)
    const next = await firstAccepted(checker, text, path, values)
    return publishChange(context, { checker, document, text: next, action: 'publish', named, isExplicit: true })
  },
}

/** The first text that passes, so that a number becomes a text where the schema wants one. */
const firstAccepted = async (
  checker: Checker,
  text: string,
  path: Path,
  values: readonly unknown[],
): Promise<string> => {
  const [first, ...rest] = values
  const edited = await editText(checker.format, text, path, first)
  if (rest.length === 0 || (await passes(checker, edited, text))) return edited
  const other = await editText(checker.format, text, path, rest[0])
  return (await passes(checker, other, text)) ? other : edited
}

const passes = (checker: Checker, text: string, replaced: string): Promise<boolean> =>
  checker.check(text, replaced).then(
    () => true,
    () => false,
  )
