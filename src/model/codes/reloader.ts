/** Calls that are rejected, failures of persistence, and the rest. */
export const reloaderCodes = {
  'reloader.invalid-option': { what: 'An option is not valid', hint: 'Correct the option that the detail names.' },
  'reloader.duplicate-module': { what: 'Two modules have the same name', hint: 'Give each module a name of its own.' },
  'reloader.unknown-module': {
    what: 'A module depends on a module that does not exist',
    hint: 'Call use for the other module first: a module depends on earlier ones only, so there are no cycles.',
  },
  'reloader.compensating-dependency': {
    what: 'A module with generations depends on a compensating module',
    hint: 'Reverse the dependency, or give both modules generations: a compensating module changes only after the commit.',
  },
  'reloader.applier-reused': {
    what: 'Two modules share one applier',
    hint: 'Create an applier for each module: an applier holds what serves.',
  },
  'reloader.not-started': { what: 'The reloader has no config yet', hint: 'Await reloader.start() first.' },
  'reloader.already-started': {
    what: 'The reloader has already been started',
    hint: 'Call use before start, and call start once.',
  },
  'reloader.start-timeout': {
    what: 'No config was committed before the deadline of start',
    hint: 'Check the other failures for what the source answered. Raise deadlineMs, or leave it out to wait without a limit.',
  },
  'reloader.start-aborted': {
    what: 'The start was aborted by its signal',
    hint: 'No action is needed: everything that was opened is closed.',
  },
  'reloader.frozen': {
    what: 'Changes are frozen',
    hint: 'Call unfreeze() first. status().frozen shows the reason, the time, and the revision that waits.',
  },
  'reloader.nothing-to-retry': {
    what: 'No document waits to be tried again',
    hint: 'Check status(): the newest document serves, or the source holds none that can be tried.',
  },
  'reloader.no-such-good': {
    what: 'The good history does not contain this document',
    hint: 'Take a revision name or a digest from status().goodHistory.',
  },
  'reloader.no-such-module': {
    what: 'The reloader has no module of this name',
    hint: 'Take a name that was given to use; status().modules lists them.',
  },
  'reloader.freeze-lifted': {
    what: 'The freeze of an earlier run was lifted: there was no last known good to serve',
    hint: 'Freeze again once the service serves the right config.',
  },
  'reloader.plan-stopped': {
    what: 'The dry run was stopped by a transaction or by close',
    hint: 'Call plan again: a dry run never delays a transaction.',
  },
  'reloader.close-timeout': {
    what: 'The reloader did not close within its deadline',
    hint: 'Find out what the modules that the detail names wait for, or raise deadlineMs of close. What has not ended runs on.',
  },
  'reloader.closed': {
    what: 'The reloader is closed',
    hint: 'Create a new reloader: a closed one cannot be started again.',
  },
  'persistence.failed': {
    what: 'The last known good or the journal could not be read or written',
    hint: 'Check that the folder exists, is writable and has free space, and that the path names a regular file or nothing. Reloads continue in memory; saving is retried with back-off.',
  },
  'persistence.restored': {
    what: 'The service starts from the last known good, before the source has answered',
    hint: 'No action is needed if the source answers soon: what it holds is then applied. status().stale shows for how long it has not.',
  },
  'persistence.timeout': {
    what: 'The store of the last known good did not answer in time',
    hint: 'Check the disk or your store, or raise deadlines.persistMs. Reloads continue in memory; saving is retried once the store has answered.',
  },
  'persistence.damaged': {
    what: 'A stored entry is damaged: incomplete, altered or too large',
    hint: 'Find out what damaged it. An older entry is used, and the next last known good replaces it.',
  },
  'persistence.foreign': {
    what: 'A stored entry was written by another version of Changeover or by another program',
    hint: "Give lastKnownGood a path that nothing else uses: a file that is not Changeover's is never replaced. An entry of another version is skipped and replaced by the next last known good.",
  },
  'persistence.in-use': {
    what: 'Another reloader of this process uses the same lastKnownGood',
    hint: 'Close the other reloader first, or give each one a path or a store of its own.',
  },
  'persistence.shared': {
    what: 'Another process uses the same lastKnownGood',
    hint: 'Give each process a path of its own if that was not meant. Otherwise no action is needed: each process keeps files of its own beside the path, and a start takes the newest last known good of all.',
  },
  'diagnostics.full': {
    what: "The option diagnostics is 'full': the logger gets original messages and stacks, which may hold passwords and other config values",
    hint: 'Use it for development only, and leave the option out afterwards.',
  },
  'internal.error': {
    what: 'Changeover failed internally',
    hint: 'Report this error to the project.',
    serving: 'The serving config stays in use.',
    starting: 'No config serves yet.',
  },
} as const
