/** Failures of the command `changeover`, and of the history that it keeps. */
export const operatorCodes = {
  'command.usage': {
    what: 'The command line is not valid',
    hint: 'Run changeover --help, or changeover <command> --help.',
  },
  'command.secret-in-flags': {
    what: 'The command line holds a secret, which other users of the machine and the shell history can read',
    hint: 'Pass it in the environment or in a file: CHANGEOVER_PASSWORD, --password-file FILE. The value of set and override can come from the standard input, with - in its place. Replace the secret, since it was shown.',
  },
  'command.no-target': {
    what: 'There is nothing to work on',
    hint: 'Pass --hosts and --key, or --file, set CHANGEOVER_HOSTS and CHANGEOVER_KEY, or write a changeover.config.ts: changeover init.',
  },
  'command.config-failed': {
    what: 'The file changeover.config could not be used',
    hint: 'Correct it. A .ts file needs Node 22.18 or 24, or tsx installed beside it; otherwise write a .js file.',
  },
  'command.file-failed': {
    what: 'The file could not be read or written',
    hint: 'Check the path and the permissions.',
  },
  'command.not-writable': {
    what: 'The command cannot write this target',
    hint: 'Name the one key or file that holds the document: --hosts and --key, or --file.',
  },
  'command.layer-needed': {
    what: 'The source is made of layers, and several of them can be meant',
    hint: 'Name one: --layer NAME.',
  },
  'command.layer-unread': {
    what: 'Nothing can be said of the change, since a layer was not read with which it may pass',
    hint: 'Correct what follows if the layer does not decide it. Otherwise run the command where the layer can be read; check reads no network, and plan does.',
  },
  'command.no-terminal': {
    what: 'The change was not published: there is no terminal on which to ask',
    hint: 'Pass --if-revision with the revision that the change replaces, or publish a plan: changeover plan FILE -o PLAN.',
  },
  'command.declined': {
    what: 'The change was not published: the answer was not yes',
    hint: 'Run the command again to publish it.',
  },
  'command.rolled-back': {
    what: 'The change was rolled back meanwhile',
    hint: 'Run changeover history to see who rolled it back, and why.',
  },
  'command.superseded': {
    what: 'The change was replaced by another one meanwhile',
    hint: 'Run changeover history to see who published it, and why.',
  },
  'command.plan-invalid': {
    what: 'The plan cannot be published',
    hint: 'Make it again: changeover plan FILE -o PLAN.',
  },
  'command.edit-unsupported': {
    what: 'The text could not be changed in place',
    hint: 'Change the document in an editor: changeover edit.',
  },
  'command.no-such-path': {
    what: 'The document has nothing at the path',
    hint: 'Run changeover get to see its paths.',
  },
  'command.editor-failed': {
    what: 'The editor has failed',
    hint: 'Set EDITOR to a program that waits until the file is closed, such as "code --wait".',
  },
  'command.failed': { what: 'The command has failed', hint: 'Report it: this is a fault of Changeover.' },
  'history.no-entry': {
    what: 'The history has no such entry',
    hint: 'Run changeover history to see the numbers. It keeps 50 entries.',
  },
  'history.damaged': {
    what: 'The history cannot be read',
    hint: 'Something else has written to it, or a newer version has. The document itself is not affected: changeover get.',
  },
  'history.busy': {
    what: 'Another publisher holds the file for too long',
    hint: 'Wait until it has ended, and run the command again.',
  },
} as const
