interface CodeEntry {
  /** What happened, as the start of a sentence; the place follows in brackets. */
  readonly what: string
  /** What to do, as a sentence. */
  readonly hint: string
}

const keepsServing = 'What served before keeps serving'

/** Every code that Changeover reports, with what it means and what to do. The README's table is made from it. */
export const codeTable = {
  'source.unreachable': {
    what: 'The source cannot be reached',
    hint: `Check that it runs and that its address is right. ${keepsServing}; reading is retried with back-off.`,
  },
  'source.timeout': {
    what: 'The source did not answer in time',
    hint: `Look at its load and at the network; raise deadlines.readMs if it is only slow. ${keepsServing}.`,
  },
  'source.unauthenticated': {
    what: 'The source refused the credentials',
    hint: `Check user, password and token. ${keepsServing}; reading is retried with back-off.`,
  },
  'source.denied': {
    what: 'The source denies access to the document',
    hint: `Grant the user read access to the key or file. ${keepsServing}; reading is retried with back-off.`,
  },
  'source.tls': {
    what: 'No trusted TLS connection to the source',
    hint: `Check the CA, the certificate's dates and its host names. ${keepsServing}; reading is retried with back-off.`,
  },
  'source.compacted': {
    what: 'The source has compacted the revisions after which the watch asked',
    hint: 'Nothing to do: the document is read again at once.',
  },
  'source.closed': {
    what: 'The source ended the watch',
    hint: 'Nothing to do: it is read again and watched anew, with back-off.',
  },
  'source.failed': {
    what: 'The source failed',
    hint: `See the cause's name and code. ${keepsServing}; reading is retried with back-off.`,
  },
  'source.stale': {
    what: 'The source answered with an older revision than it has shown before',
    hint: `Read from a member that is up to date. ${keepsServing}.`,
  },
  'source.conflict': {
    what: 'The document was not published: it has changed since the revision that was asked for',
    hint: 'Read the document again, apply your change to what it holds now, and publish that.',
  },
  'document.missing': {
    what: 'There is no document',
    hint: `Create the key or file. ${keepsServing}.`,
  },
  'document.empty': {
    what: 'The document is empty',
    hint: `Write the whole document, atomically where the store allows it. ${keepsServing}.`,
  },
  'document.too-large': {
    what: 'The document is larger than the limit',
    hint: 'Make it smaller, or raise the option maxDocumentBytes.',
  },
  'document.encoding': {
    what: 'The document is not valid UTF-8',
    hint: 'Save it as UTF-8.',
  },
  'document.malformed': {
    what: 'The document cannot be parsed',
    hint: 'Check its syntax with a linter before you publish it; it may also be half-written.',
  },
  'document.duplicate-key': {
    what: 'The document has one key twice in an object',
    hint: 'Remove one of the two: parsers disagree about which of them counts.',
  },
  'document.forbidden-key': {
    what: 'The document has a key that is not allowed: __proto__',
    hint: 'Rename the key.',
  },
  'document.too-deep': {
    what: 'The document is nested too deeply',
    hint: 'Flatten it.',
  },
  'document.key-conflict': {
    what: 'One key of the prefix is a value and a folder of others at once',
    hint: 'Delete or rename one of them.',
  },
  quarantined: {
    what: 'The document is quarantined: it has failed before',
    hint: 'Publish a changed document, or call retry() or release(); see the detail for how it failed and until when it is held.',
  },
  'attempt.died': {
    what: 'The process died while it was trying this document',
    hint: 'Look for what ended the process after the commit. A document that does so maxAttempts times in a row is quarantined where there is a last known good to serve.',
  },
  'confirm.expired': {
    what: 'The change was not confirmed in time',
    hint: 'What served before serves again. Publish the change anew, or call retry(), and confirm it within confirm.withinMs.',
  },
  'confirm.refused': {
    what: 'There is no transaction of this id that waits for a confirmation',
    hint: 'Take the id from status().confirmation; one that has ended cannot be confirmed any more.',
  },
  'config.not-plain': {
    what: 'The schema made something that is not plain data',
    hint: 'Let the schema return objects, arrays, strings, finite numbers, booleans and null; make dates and maps in the applier.',
  },
  'schema.invalid': {
    what: 'The schema refuses the document',
    hint: 'Correct the value at the path.',
  },
  'schema.threw': {
    what: 'The schema threw instead of reporting issues',
    hint: 'Correct the schema: a refinement or transform of it throws.',
  },
  'schema.timeout': {
    what: 'The schema did not answer in time',
    hint: 'Look at its asynchronous refinements, or raise deadlines.validateMs.',
  },
  'policy.refused': {
    what: 'A policy refuses the change',
    hint: 'Change the document within what the policy allows, or change the policy.',
  },
  'module.select-failed': {
    what: "The module's select function threw",
    hint: 'Make it total: it gets every config that the schema accepts.',
  },
  'module.prepare-failed': {
    what: 'The module could not prepare its next generation',
    hint: 'See the cause; correct the document or what the module connects to.',
  },
  'module.prepare-timeout': {
    what: 'The module did not prepare its next generation in time',
    hint: 'See what it waits for, or raise deadlines.prepareMs.',
  },
  'module.invalid-generation': {
    what: 'The prepare returned something that is not a generation',
    hint: 'Return a new { instance } each time, with functions, where given, as commit, rollback, check and close.',
  },
  'module.commit-failed': {
    what: 'The commit of the module threw',
    hint: 'Move all work that can fail into prepare.',
  },
  'module.apply-failed': {
    what: 'The compensating module could not apply the config',
    hint: 'See the cause; correct the document or what the module changes.',
  },
  'module.apply-timeout': {
    what: 'The compensating module did not apply the config in time',
    hint: 'See what it waits for, or raise deadlines.applyMs.',
  },
  'module.check-failed': {
    what: 'The check of the module failed during the soak',
    hint: 'See the cause: the new generation opened, but it does not work.',
  },
  'module.check-timeout': {
    what: 'The check of the module did not answer in time',
    hint: 'See what it waits for, or raise deadlines.checkMs.',
  },
  'module.rollback-failed': {
    what: 'The rollback of the module threw',
    hint: 'Make it tolerate a commit that threw half-way; the module is repaired with back-off.',
  },
  'module.undo-failed': {
    what: 'The undo of the compensating module failed',
    hint: 'The module is repaired with back-off; see the cause.',
  },
  'module.undo-timeout': {
    what: 'The undo of the compensating module did not end in time',
    hint: 'The module is repaired with back-off; see what it waits for.',
  },
  'module.unsettled': {
    what: 'An earlier call of the compensating module has not ended',
    hint: 'It is not called again until that call ends; let it heed its signal.',
  },
  'module.close-failed': {
    what: 'A generation of the module could not be closed',
    hint: 'Its resources may leak; see the cause.',
  },
  'module.close-timeout': {
    what: 'A generation of the module did not close in time',
    hint: 'It is reported as a leak until it does; see what it waits for, or raise deadlines.closeMs.',
  },
  'module.stuck': {
    what: 'Too many generations of the module are still being prepared or closed',
    hint: 'Let prepare heed its signal and close end; nothing more is started for the module before one of them settles.',
  },
  'module.background-failed': {
    what: 'Background work of the module failed',
    hint: 'See the cause; what serves is not changed by it.',
  },
  'health.failed': {
    what: 'A health check failed during the soak',
    hint: 'See the cause: the service does not work with this config.',
  },
  'lease.overdue': {
    what: 'A lease was held longer than allowed; its generation was closed all the same',
    hint: 'Hold leases for one request, or raise deadlines.leaseMs.',
  },
  'listener.failed': {
    what: 'A listener or logger threw',
    hint: 'Correct it; nothing else is changed by it.',
  },
  'reloader.invalid-option': {
    what: 'An option is not valid',
    hint: 'See the detail for the option and what it takes.',
  },
  'reloader.duplicate-module': {
    what: 'Two modules have one name',
    hint: 'Give each module a name of its own.',
  },
  'reloader.unknown-module': {
    what: 'A module depends on one that does not exist',
    hint: 'Call use for the module it depends on first; so cycles cannot arise.',
  },
  'reloader.compensating-dependency': {
    what: 'A module with generations depends on a compensating one',
    hint: 'A compensating module changes only after the swap: turn the dependency round, or make it a generation module.',
  },
  'reloader.applier-reused': {
    what: 'One applier is used for two modules',
    hint: 'Make an applier for each module: it holds what serves.',
  },
  'reloader.not-started': {
    what: 'The reloader has no config yet',
    hint: 'Await reloader.start() first.',
  },
  'reloader.already-started': {
    what: 'The reloader has been started already',
    hint: 'Call use before start, and start once.',
  },
  'reloader.start-timeout': {
    what: 'No config was committed before the deadline of start',
    hint: 'See the other failures for what the source answered; raise deadlineMs or leave it out to wait.',
  },
  'reloader.start-aborted': {
    what: 'The start was aborted by its signal',
    hint: 'Nothing to do: everything that was opened is closed.',
  },
  'reloader.held': {
    what: 'Changes are frozen',
    hint: 'Call unfreeze() first; status().frozen says why, since when, and what waits.',
  },
  'reloader.nothing-to-retry': {
    what: 'No document waits to be tried again',
    hint: 'See status(): what serves is the newest document, or the source holds none that could be tried.',
  },
  'reloader.no-such-good': {
    what: 'There is no earlier good document of this name',
    hint: 'Take a revision name or digest from status().history.',
  },
  'reloader.freeze-lifted': {
    what: 'A freeze of an earlier run was lifted: there was no good document to serve meanwhile',
    hint: 'Freeze again once the service serves what it should.',
  },
  'reloader.plan-stopped': {
    what: 'The dry run was stopped by a transaction or by close',
    hint: 'Plan again: a dry run never keeps a transaction waiting.',
  },
  'reloader.closed': {
    what: 'The reloader is closed',
    hint: 'Make a new one: a closed reloader does not start again.',
  },
  'persistence.failed': {
    what: 'What must outlive a restart could not be read or written',
    hint: 'Check that the folder exists, has room and may be written to, and that the path is a plain file or free. Reloads go on in memory; saving is tried again with back-off.',
  },
  'persistence.timeout': {
    what: 'The store of the last known good did not answer in time',
    hint: 'Look at the disk or at your store. Reloads go on in memory; saving is tried again once the store has answered.',
  },
  'persistence.damaged': {
    what: 'A kept entry is damaged: torn, changed by somebody, or too large',
    hint: 'Nothing to do at once: an older one is used, and the next good is written over it. Find out what has damaged it.',
  },
  'persistence.foreign': {
    what: 'A kept entry was written by another version of Changeover, or by something else altogether',
    hint: "Give lastKnownGood a path of its own: a file that is not Changeover's is never replaced. An entry of another version is skipped, and replaced by the next good.",
  },
  'internal.error': {
    what: 'Changeover met an error of its own',
    hint: `Please report it. ${keepsServing}.`,
  },
} as const satisfies Record<string, CodeEntry>

/** The codes of all failures. */
export type ErrorCode = keyof typeof codeTable

/** The codes with which a source fails. */
export type SourceCode = Extract<ErrorCode, `source.${string}`>

/** The codes with which a document is rejected before the schema sees it. */
export type DocumentCode = Extract<ErrorCode, `document.${string}`>
