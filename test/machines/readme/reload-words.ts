import type { MachineWords } from './words.ts'

export const reloadWords: MachineWords = {
  intro:
    'The reload machine takes one document at a time from a change to a state of rest, and the state of rest _is_ the ' +
    'answer to how the last reload went. It reads or takes the document in hand, validates it, lets all modules ' +
    'prepare what may fail or wait, swaps to the new generations in one synchronous tick, completes the modules that ' +
    'have no generations, and lets the new state prove itself: in a soak, and where that is wanted by the word of ' +
    'somebody who has looked. What has held becomes the last known good. Whatever fails after the validation is taken ' +
    'back in `rolling-back`. What arrives meanwhile waits in the context and has its turn at the next rest. The machine ' +
    'holds revisions and names, never a document.',
  states: {
    resting:
      'No transaction is running. What waits begins at once: a close, a revert, a read, a document, and then what was ' +
      'left untried.',
    'resting.idle': 'Nothing has been tried yet.',
    'resting.committed': 'The last document serves, or changed nothing.',
    'resting.rejected': 'The last document was refused before any module was called; what served before serves.',
    'resting.rolled-back': 'A module failed; all serve what they served before.',
    'resting.degraded':
      'Some modules may not serve the config, or the very first config failed its soak; it is repaired with a backoff.',
    'resting.before': 'Not a state of its own: the way back to where the machine rested before this transaction.',
    fetching: 'A read that somebody asked for is under way.',
    validating: 'The document is parsed and validated, policies are asked, and the plan is made. No module is called.',
    applying: 'A valid document is on its way to serve, and serves.',
    'applying.journaling':
      'The attempt is written down, so that a process which dies of it knows. No module is called yet.',
    'applying.preparing': 'All work that may fail or wait; nothing that serves is touched.',
    'applying.committing': 'The one tick: every module swaps to its new generation.',
    'applying.completing': 'Compensating modules apply the change, in dependency order.',
    'applying.soaking': 'The new state serves and is checked; the old one is still alive.',
    'applying.confirming':
      'It has held so far, and waits to be confirmed; it is checked on, the old one is still alive.',
    'applying.promoting': 'It has held: it becomes the last known good.',
    'rolling-back': 'The swap, or what was prepared for it, is taken back, in reverse order.',
    closing: 'All generations that serve are closed, in reverse order.',
    closed: 'The end. Nothing is left.',
  },
  events: {
    'source.changed':
      'The source holds a document that may be newer. Carries its `candidate`: a revision, never content; `wasFrozen` ' +
      'where a freeze held it back, or gave it up.',
    'reload.requested': 'Somebody asks for a read that begins from now on.',
    'restore.requested':
      'The last known good of an earlier run is to serve, before the source is asked. Carries its `candidate`.',
    'revert.requested': 'Somebody asks for an earlier good document; changes are frozen then. Carries its `candidate`.',
    'retry.requested': 'A quarantine has ended, or somebody asks for another try.',
    'freeze.requested': 'Changes are held from now on: what has not been committed is given up, and comes again.',
    'confirm.given': 'Somebody confirms the running transaction.',
    'module.settled':
      'A call that was given up has ended at last: its module may be repaired, or take the document it could not.',
    'close.requested':
      'The reloader is to close. Before the tick the transaction is aborted, in the tick it is finished.',
  },
  actors: {
    readDocument: {
      does: 'One bounded read of the source. Refuses what is older than `seen`.',
      answers: '`found` with a candidate, or `failed`',
    },
    validateDocument: {
      does: 'Parses, validates and plans; without a candidate it plans a repair of what serves. Calls no module.',
      answers:
        '`valid` with `compensates`, and with `isAttempt` where it has yet to prove itself; `unchanged`, never while ' +
        'something is degraded; `invalid`, with `isQuarantined` where it is not to be tried now',
    },
    journalAttempt: {
      does: 'Writes down, bounded in time, that the document is about to be tried.',
      answers: '`done` or `failed`, which is all the same: a full disk does not stop a change',
    },
    prepareModules: { does: 'Makes the next generation of each module of the plan.', answers: '`done` or `failed`' },
    commitModules: {
      does: 'Swaps in one synchronous function, and swaps back in it what a throw leaves half done.',
      answers: '`done` or `failed`',
    },
    completeModules: { does: 'Runs the compensating modules of the plan.', answers: '`done` or `failed`' },
    soakModules: {
      does: 'Checks the modules until the soak has passed or one fails.',
      answers: '`done` or `failed`',
    },
    checkModules: { does: 'Goes on checking the modules until one fails.', answers: '`failed`' },
    promoteSnapshot: {
      does: 'Makes what serves the last known good, on disk too, bounded in time.',
      answers: '`done` or `failed`, which is all the same: it has held',
    },
    rollBackModules: {
      does: 'Swaps back and undoes in reverse order; gives up a prepare that still runs.',
      answers:
        '`done` with the names of the modules that are `degraded`, and with what the document is `untried` until: ' +
        '`settled` where a module was busy, `released` where it is quarantined',
    },
    closeModules: { does: 'Closes what serves, bounded in time.', answers: 'nothing' },
  },
  delays: {
    confirmDeadline: 'How long after the tick somebody may confirm; what the soak took of it is over already.',
    repairBackoff: 'How long a degraded machine rests before it tries again; grows with `repairs`.',
  },
  guards: {
    isNewer:
      'The document is later than all that was seen of its lineage and not the same, or of another lineage; where it ' +
      'was held back, the one seen last is taken too.',
    maySupersede:
      'The transaction before this one was not superseded, for a steady writer must not starve every commit; and it is ' +
      'no restore.',
    lastKnownGoodWaits: 'The waiting document is the last known good one again.',
    revertWaits: 'A revert was requested meanwhile.',
    retryWaits: 'A document is untried, and a retry was requested meanwhile.',
    repairWaits: 'A document is untried for want of a module, and one has settled meanwhile.',
    triesSource:
      'The transaction tries a document of the source: it is no restore, no revert, no repair of what serves.',
    closeWaits: 'A close was requested meanwhile.',
    readWaits: 'A reload was requested meanwhile.',
    documentWaits: 'A newer document arrived meanwhile.',
    mayReplace:
      'The transaction tries a document of the source, which was replaced fewer than three times; a restore or a ' +
      'revert is not made another, and a repair has none to replace.',
    isDegraded: 'Modules are degraded, or the first config is soakFailed.',
    hasUntried: 'A document was not applied: a module was busy, or it is quarantined.',
    waitsForModule: 'A document was not applied for want of a module that was busy.',
    journals: 'A store is given, and the document has yet to prove itself.',
    quarantined: 'The document is not to be tried now.',
    confirms: 'The transaction holds only once it is confirmed: a change, where something has served before.',
    unconfirmed: 'It has to be confirmed, and nobody has.',
    promotes: 'A store is given; a restore is what it holds already.',
    hasServed: 'A commit has held before: there is something to return to.',
    compensates: 'The plan changes a compensating module.',
    soaks: 'A soak is set; a restore needs none, for it has held before.',
    failed: 'The actor answered `failed`.',
    invalid: 'The document was refused.',
    repairsInstead: 'It was a reload, something is degraded, and nothing waits: it is repaired at once.',
    unchanged: 'The document changes nothing, and nothing is degraded.',
    leftDegraded: 'A swap back or an undo failed.',
    superseded: 'The transaction is taken back because of a newer document.',
    aborted: 'The transaction is taken back because of a close or a freeze.',
  },
  actions: {
    conclude: 'A hole: writes the terminal record, exactly one for each epoch.',
    reportBroken: 'A hole: reports an actor that rejected; it had promised not to.',
    beginChange: 'Begins a transaction with the document of the event.',
    beginWaiting: 'Begins a transaction with the document that waited.',
    beginRead: 'Begins a transaction with a read.',
    reportUnconfirmed: 'A hole: reports that nobody confirmed in time.',
    beginRepair:
      'Begins a transaction with the document that a busy module kept from being tried, else with what serves; counts ' +
      'it. What is quarantined stays so.',
    beginRetry: 'Begins a transaction with the untried document.',
    beginRestore: 'Begins a transaction with the last known good of an earlier run.',
    beginRevert: 'Begins a transaction with the earlier document that was asked for.',
    takeReading:
      'Takes what was read, or what arrived meanwhile where that is newer. Where the two are of different lineages it ' +
      'takes what was read, and remembers to read again.',
    replaceDocument:
      'Puts the waiting document in the place of the one that was validated, and counts it. What was said of that one ' +
      'counts no more.',
    hold: 'Keeps the document for later; it takes the place of one that waited.',
    noteOrder: 'Notes the later order of the document that is known.',
    holdRead: 'Remembers to read.',
    holdRevert: 'Remembers to revert; it takes the place of one that waited.',
    holdRetry: 'Remembers that an untried document may be tried again, once it is known whether there is one.',
    holdSettled: 'Remembers that a module has settled, likewise.',
    holdClose: 'Remembers to close.',
    dropWaiting:
      'Forgets the document and the read that wait, and what is untried, that of the running transaction too: all of ' +
      'it comes again when changes are frozen no more.',
    noteConfirmed: 'Notes that somebody has confirmed.',
    noteQuarantined: 'Keeps the document until its quarantine ends.',
    notePlan: 'Notes whether the plan changes a compensating module.',
    end: 'Notes why the transaction is taken back.',
    noteServed: 'Notes that a commit held: nothing is degraded any more.',
    noteSoakFailed: 'Notes that the first config serves without having passed its soak.',
    noteDegraded: 'Adds the modules that the rollback named.',
    noteUntried: 'Keeps the document until the busy module has settled, or its quarantine ends.',
    noteSuperseded: 'The next transaction may not be superseded while it prepares.',
    noteNotSuperseded: 'The next transaction may be superseded.',
  },
}
