import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { changeoverError } from '../../model/failure.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { authorOf, reasonOf } from '../context/author.ts'
import { type Command, publishFlags } from '../context/command.ts'
import { Conflict } from '../publishing/conflict.ts'
import { planText } from '../publishing/plan-file.ts'
import { namedRevision, preview } from '../publishing/publish-change.ts'

const OWNER_ONLY = 0o600

export const plan: Command = {
  name: 'plan',
  usage: 'FILE [-o PLAN]',
  summary:
    'Checks a file against what is there, shows what it changes, and writes that as a plan that can be published.',
  flags: {
    output: { type: 'string', short: 'o', value: 'PLAN', help: 'writes the plan, which holds the whole document' },
    'if-revision': { type: 'string', value: 'REV', help: 'refuse unless the document is at this revision' },
    author: publishFlags.author as NonNullable<(typeof publishFlags)[string]>,
    message: publishFlags.message as NonNullable<(typeof publishFlags)[string]>,
  },
  examples: [
    ['changeover plan config.json', 'exits with 2 if there is something to publish, and with 3 if it would be refused'],
    [
      'changeover plan config.json -o next.plan -m "more connections"',
      'writes a plan for changeover publish next.plan',
    ],
  ],
  run: async (context) => {
    context.atMost(1)
    const name = context.argument(0, 'FILE')
    const text = await context.read(name)
    const [store, checker] = [await context.store(), await context.checker(name)]
    const document = await store.read(context.signal)
    const named = namedRevision(context)
    if (named !== undefined && named !== document.revision) throw await Conflict.with(context, checker, text, document)
    const { notes, diff } = await preview(context, { checker, document, text })
    const isSame = text === document.text
    const output = context.text('output')
    const about = { target: store.place, revision: document.revision }
    if (isSame) context.out.say('Nothing to do: the document is the same.')
    if (output !== undefined) {
      await save(
        resolve(context.io.cwd, output),
        planText({ ...about, text, author: await authorOf(context), reason: reasonOf(context) }),
      )
      context.out.say(`Wrote ${output}: changeover publish ${output}`)
    }
    const json = { ...about, isChange: !isSame, diff, notes, ...(output === undefined ? {} : { plan: output }) }
    return { exit: isSame ? exitCodes.done : exitCodes.differs, json }
  },
}

const save = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { mode: OWNER_ONLY })
  } catch (error) {
    throw changeoverError('command.file-failed', { detail: path }, error)
  }
}
