import { createActor } from 'xstate'
import { admissionMachine, reloadMachine, watchMachine } from '../../../machines/index.ts'
import { admissionDescriptions } from './admission-descriptions.ts'
import { mermaidOf } from './mermaid.ts'
import { reloadDescriptions } from './reload-descriptions.ts'
import { tablesOf } from './tables.ts'
import { watchDescriptions } from './watch-descriptions.ts'

/** The file that holds the generated text. */
export const README = new URL('../../../machines/README.md', import.meta.url)

export const COMMAND = 'node --import tsx test/machines/write-readme.ts'

const fenced = (language: string, content: string): string => `\`\`\`${language}\n${content}\n\`\`\``

const head = `<!-- Written by \`${COMMAND}\` from the machines. Do not edit: a test compares it. -->

# The machines

Three state machines decide everything that a reloader does. The _watch machine_ follows the source and delivers
documents. The _admission machine_ passes them on, thins out a storm of changes, and keeps them back while changes are
frozen. The _reload machine_ applies one document at a time, and either brings the service to it or leaves the service
as it was. All three are pure: no I/O, no clock, no randomness. Everything that acts is a placeholder (an action, an
actor or a delay) that the reloader supplies with \`machine.provide\`. The machines hold revisions and names, never a
document, because an inspector can see everything that a machine holds.

The work of a state is asked for by an action on its entry, and what it answers is an event, \`xstate.done.actor\` or
\`xstate.error.actor\` with the name of the work: the events that XState sends for an invoked actor. Work may answer
at once. Leaving the state stops it, and a late answer is dropped.

How to read the charts: a name beside an arrow is an event. \`done\` and \`error\` are the answers of the work that the
state runs; work must never break, so \`error\` is a bug in it. \`after\` is a delay, and \`always\` is taken at once.
Guards are in brackets, and the arrows out of a state are evaluated in the order of the table of transitions. Handlers
that change the context but not the state appear only in that table.

To draw, embed or test the machines: \`import { admissionMachine, reloadMachine, watchMachine } from 'changeover/machines'\`.`

/** Renders machines/README.md. */
export const readme = (): string => {
  const input = { soaks: true, confirms: true, persists: true }
  const reload = createActor(reloadMachine, { input }).getSnapshot().context
  const admission = createActor(admissionMachine).getSnapshot().context
  const watch = createActor(watchMachine).getSnapshot().context
  return [
    head,
    '## The reload machine',
    reloadDescriptions.intro,
    fenced('mermaid', mermaidOf(reloadMachine)),
    tablesOf(reloadMachine, reloadDescriptions, reload),
    '## The admission machine',
    admissionDescriptions.intro,
    fenced('mermaid', mermaidOf(admissionMachine)),
    tablesOf(admissionMachine, admissionDescriptions, admission),
    '## The watch machine',
    watchDescriptions.intro,
    fenced('mermaid', mermaidOf(watchMachine)),
    `${tablesOf(watchMachine, watchDescriptions, watch)}\n`,
  ].join('\n\n')
}
