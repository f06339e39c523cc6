import { createActor } from 'xstate'
import { admissionMachine, reloadMachine, watchMachine } from '../../../machines/index.ts'
import { admissionWords } from './admission-words.ts'
import { mermaidOf } from './mermaid.ts'
import { reloadWords } from './reload-words.ts'
import { tablesOf } from './tables.ts'
import { watchWords } from './watch-words.ts'

/** Where the text belongs. */
export const README = new URL('../../../machines/README.md', import.meta.url)

export const COMMAND = 'node --import tsx test/machines/write-readme.ts'

const fenced = (language: string, content: string): string => `\`\`\`${language}\n${content}\n\`\`\``

const head = `<!-- Written by \`${COMMAND}\` from the machines themselves. Do not edit: a test compares. -->

# The statecharts

Three machines decide all that a reloader does: the _watch machine_ keeps in step with the source and delivers
documents, the _admission machine_ lets them through, gathers a storm of them and holds them while changes are frozen,
the _reload machine_ takes one document at a time and brings the service to it, or leaves it as it was. All are pure: no
I/O, no clock, no randomness. What acts is a hole, an actor, an action or a delay, that the reloader fills with
\`machine.provide\`. The machines hold revisions and names, never a document, since all that a machine holds can be seen
in an inspector.

How to read the charts: a name beside an arrow is an event; \`done\` and \`error\` are the answer of the actor that the
state runs, where \`error\` means that it broke its promise never to reject; \`after\` is a delay, \`always\` is taken at
once; a guard stands in brackets, and arrows out of one state are asked in the order of the table of transitions.
Handlers that change the context but not the state stand in that table only.

To draw, embed or test them: \`import { admissionMachine, reloadMachine, watchMachine } from 'changeover/machines'\`.`

/** The whole of machines/README.md. */
export const readme = (): string => {
  const input = { soaks: true, confirms: true, persists: true }
  const reload = createActor(reloadMachine, { input }).getSnapshot().context
  const admission = createActor(admissionMachine).getSnapshot().context
  const watch = createActor(watchMachine).getSnapshot().context
  return [
    head,
    '## The reload machine',
    reloadWords.intro,
    fenced('mermaid', mermaidOf(reloadMachine)),
    tablesOf(reloadMachine, reloadWords, reload),
    '## The admission machine',
    admissionWords.intro,
    fenced('mermaid', mermaidOf(admissionMachine)),
    tablesOf(admissionMachine, admissionWords, admission),
    '## The watch machine',
    watchWords.intro,
    fenced('mermaid', mermaidOf(watchMachine)),
    `${tablesOf(watchMachine, watchWords, watch)}\n`,
  ].join('\n\n')
}
