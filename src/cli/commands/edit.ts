import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changeoverError, isChangeoverError } from '../../model/failure.ts'
import type { Context } from '../context/context.ts'
import { answerTo, hasTerminal } from '../context/ask.ts'
import { type Command, publishFlags } from '../context/command.ts'
import { namedRevision, publishChange } from '../publishing/publish-change.ts'

const OWNER_ONLY = 0o600

export const edit: Command = {
  name: 'edit',
  usage: '',
  summary: 'Opens the document in an editor, shows what was changed and publishes it.',
  flags: publishFlags,
  examples: [
    ['changeover edit -m "find the leak"', 'opens VISUAL or EDITOR, or vi'],
    ['EDITOR="code --wait" changeover edit', 'waits until the file is closed'],
  ],
  run: async (context) => {
    context.atMost(0)
    const [store, checker] = [await context.store(), await context.checker()]
    const document = await store.read(context.signal)
    const folder = await mkdtemp(join(tmpdir(), 'changeover-edit-'))
    const draft = join(folder, `document.${checker.format}`)
    let isKept = false
    try {
      await writeFile(draft, document.text ?? '', { mode: OWNER_ONLY })
      for (;;) {
        await openEditor(context, draft)
        const text = await readFile(draft, 'utf8')
        isKept = text !== document.text
        try {
          const publication = {
            checker,
            document,
            text,
            action: 'publish',
            named: namedRevision(context),
            isExplicit: true,
          } as const
          const outcome = await publishChange(context, publication)
          isKept = false
          return outcome
        } catch (error) {
          if (!isChangeoverError(error) || !(await shouldEditAgain(context, error.code, error.message))) throw error
        }
      }
    } finally {
      if (isKept) context.out.note(`What you wrote is in ${draft}`)
      else await rm(folder, { recursive: true, force: true })
    }
  },
}

/** After a fault in the document, a person may correct it. */
const shouldEditAgain = async (context: Context, code: string, message: string): Promise<boolean> => {
  if (!hasTerminal(context) || !/^(?:document|schema|policy|restart|secret)\./.test(code)) return false
  context.out.note(message)
  return /^(?:y(?:es)?)?$/i.test((await answerTo(context, 'Edit again? [Y/n] ')).trim())
}

const openEditor = async ({ io, out }: Context, draft: string): Promise<void> => {
  const { spawn } = await import('node:child_process')
  const editor = io.env.VISUAL || io.env.EDITOR || 'vi'
  // The shell splits an editor with flags; the path is an argument of its own.
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'changeover', draft], {
    cwd: io.cwd,
    env: io.env,
    // Only one object may be on the standard output with --json.
    stdio: ['inherit', out.isJson ? 2 : 'inherit', 'inherit'],
  })
  await once(child, 'exit')
  if (child.exitCode !== 0) {
    throw changeoverError('command.editor-failed', { detail: `it ended with ${child.exitCode ?? 'a signal'}` })
  }
}
