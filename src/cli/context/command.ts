import type { Context } from './context.ts'
import type { Outcome } from '../output/output.ts'
import type { FlagSpecs } from '../target/flags.ts'

/** One command of the command line. */
export interface Command {
  readonly name: string
  /** Its arguments, for the help. */
  readonly usage: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** Its own flags. */
  readonly flags: FlagSpecs
  /** Two calls, and what they do. */
  readonly examples: readonly (readonly [call: string, effect: string])[]
  readonly run: (context: Context) => Promise<Outcome>
}

/** The flags of every command that publishes. */
export const publishFlags: FlagSpecs = {
  'if-revision': {
    type: 'string',
    value: 'REV',
    help: 'publish without asking, if the document is at this revision; 0: if there is none',
  },
  author: { type: 'string', value: 'NAME', help: 'who publishes; by git, or user@host, if it is left out' },
  message: { type: 'string', short: 'm', value: 'TEXT', help: 'the reason' },
  hold: {
    type: 'string',
    value: '60s',
    help: 'wait this long, and fail if the change is rolled back or replaced meanwhile',
  },
  preflight: { type: 'boolean', help: 'let one instance of each build try the document first' },
  wait: { type: 'boolean', help: 'wait until the instances have proved the document, for at most --timeout' },
  for: { type: 'string', value: 'all|N|P%', help: 'how many instances have to prove it; all if it is left out' },
}
