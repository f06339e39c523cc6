import { keepsServing } from './entry.ts';
/** Refused calls, what is kept across restarts, and the rest. */
export const reloaderCodes = {
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
    'reloader.frozen': {
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
};
