import type { MachineDescriptions } from './tables.ts'

export const reloadDescriptions: MachineDescriptions = {
  intro:
    'The reload machine takes one document at a time from a change to a resting state, and that state _is_ the result ' +
    'of the last reload. It reads the source or takes the document that was delivered, validates it, lets all modules ' +
    'prepare everything that can fail or wait, commits all new generations in one synchronous step, and completes the ' +
    'modules that have no generations. Then the new state must pass its soak and, if so configured, be confirmed by an ' +
    'operator. A config that has passed becomes the last known good. Any failure after the validation leads to ' +
    '`rolling-back`. Whatever arrives during a transaction is queued in the context and runs when the machine next ' +
    'rests. The machine holds revisions and names, never a document.',
  states: {
    resting:
      'No transaction is running. Anything queued starts at once: a close, a revert, a read, a document, a ' +
      'changed secret, then a document that was left untried, and last a trial.',
    'resting.idle': 'No document has been tried yet.',
    'resting.committed': 'The last document serves, or changed nothing.',
    'resting.rejected':
      'The last document was rejected before any module was called; the config before it keeps serving.',
    'resting.rolled-back': 'A module failed; every module serves what it served before.',
    'resting.degraded':
      'Some modules may not serve the config, or the first config failed its soak. Repairs run with a back-off.',
    'resting.before': 'Not a separate state: it returns to the resting state before this transaction.',
    fetching: 'A requested read is under way.',
    validating: 'The document is parsed and validated, policies are asked, and the plan is made. No module is called.',
    applying: 'A valid document is being applied.',
    'applying.journaling':
      'The attempt is journaled, so that the next process knows if this one crashes. No module has been called yet.',
    'applying.preparing': 'The modules do everything that can fail or wait; nothing that serves is touched.',
    'applying.committing': 'The commit: every module switches to its new generation in one synchronous step.',
    'applying.completing': 'Compensating modules apply the change, in dependency order.',
    'applying.soaking': 'The new state serves and is checked; the old one is still alive.',
    'applying.trying':
      'A document on trial has passed its soak. It serves and is checked until it is promoted or withdrawn; the old state ' +
      'is alive.',
    'applying.confirming': 'The soak has passed, and a confirmation is due; checks continue, the old state is alive.',
    'applying.promoting': 'The config becomes the last known good.',
    'rolling-back': 'The commit, or what was prepared for it, is undone in reverse order.',
    closing: 'All serving generations are closed, in reverse order.',
    closed: 'The final state. Nothing is left running.',
  },
  events: {
    'source.changed':
      'The source delivered a document that may be newer. Carries its `candidate`, which is a revision without ' +
      'content; `isRepeated` is set if a freeze kept it back or aborted it, or a quarantine has let it go.',
    'reload.requested': 'Asks for a read that begins now or later.',
    'restore.requested':
      'Asks to serve the last known good of an earlier run before the source is read. Carries its `candidate`.',
    'revert.requested': 'Asks for an earlier good document; changes are frozen first. Carries its `candidate`.',
    'retry.requested': 'A caller asks for a retry of the quarantined document.',
    'quarantine.expired':
      'The quarantine of the untried document has expired, or a secret that it refers to has another value.',
    'secret.changed':
      'A secret that what serves refers to has another value, which the host has read. Ignored before anything serves.',
    'trial.offered':
      'Offers a document that the source does not hold, to be tried. Carries its `candidate`. Ignored before anything serves.',
    'trial.ended': 'Withdraws the document on trial, or the one that waits for it: what served before serves again.',
    'trial.promoted': 'The source holds the document on trial: it stays, and no module is called.',
    'freeze.requested': 'Freezes changes: one that has not been committed is aborted, and delivered again later.',
    'confirm.given': 'Confirms the running transaction.',
    'module.settled':
      'An abandoned call has settled: its module may be repaired, or try the document that found it busy.',
    'close.requested':
      'Closes the reloader. A transaction is aborted if it comes before the commit, and finished if it comes during it.',
  },
  work: {
    readDocument: {
      does: 'Reads the source once, within a deadline. Rejects a document that is older than `seen`.',
      answers: '`found` with a candidate, or `failed`',
    },
    validateDocument: {
      does:
        'Parses, validates and plans; without a candidate it plans a repair of what serves, with the newest values of ' +
        'its secrets. Calls no module.',
      answers:
        '`valid`, with `isAttempt` if the config is not known to be good; `unchanged`, never ' +
        'while something is degraded; `invalid`, with `isQuarantined` if the document must not be tried now',
    },
    journalAttempt: {
      does: 'Journals, within a deadline, that the document is about to be tried.',
      answers: '`done` or `failed`, with the same effect: a full disk does not stop a change',
    },
    prepareModules: {
      does: 'Prepares the next generation of each module in the plan.',
      answers: '`done` or `failed`',
    },
    commitModules: {
      does: 'Switches all modules in one synchronous function, which also undoes a half-done switch after a throw.',
      answers: '`done`, with `compensates` if compensating modules follow; or `failed`',
    },
    completeModules: { does: 'Runs the compensating modules of the plan.', answers: '`done` or `failed`' },
    soakModules: {
      does: 'Checks the modules until the soak has passed or a check fails.',
      answers: '`done` or `failed`',
    },
    checkModules: { does: 'Keeps checking the modules until a check fails.', answers: '`failed`' },
    promoteSnapshot: {
      does: 'Makes what serves the last known good, on disk too, within a deadline.',
      answers: '`done` or `failed`, with the same effect: the config has passed',
    },
    rollBackModules: {
      does: 'Restores the generations before and undoes in reverse order; abandons a prepare that is still running.',
      answers:
        '`done` with the names of the modules that are `degraded`, and with `untried` if the document may be tried ' +
        'again: `settled` if a module was busy, `released` if it is quarantined',
    },
    closeModules: { does: 'Closes what serves, within a deadline.', answers: 'nothing' },
  },
  delays: {
    confirmDeadline: 'How long after the commit a confirmation may arrive; the time of the soak counts.',
    repairBackoff: 'How long a degraded machine rests before it tries again; grows with `repairs`.',
  },
  guards: {
    isNewer:
      'The document is later in its lineage than everything seen so far and differs from it, or has another lineage; ' +
      'after a freeze, the newest one seen is accepted too.',
    maySupersede:
      'The previous transaction was not superseded, since a steady writer must not prevent every commit, and this one ' +
      'is not a restore; or it is a trial.',
    lastKnownGoodWaits: 'The queued document is the last known good again.',
    newerWaits: 'A newer document is queued, and it is not known to be one that would be rejected.',
    supersedesSoak:
      'A newer document ends a soak, and another config has served before; that of a trial it always ends.',
    onTrial: 'The document of the transaction is on trial, and was not promoted.',
    triesTrial: 'The transaction is a trial.',
    isWithdrawn: 'The document on trial was withdrawn.',
    trialWaits: 'A document waits to be put on trial, and something serves.',
    revertWaits: 'A revert is queued.',
    retryWaits: 'A document is untried, and a retry was requested or its quarantine expired during the transaction.',
    secretWaits: 'A secret of what serves has changed during the transaction.',
    serves: 'A config serves: a transaction has committed, or the first config failed its soak and serves on.',
    repairWaits: 'A document is untried because a module was busy, and one has settled during the transaction.',
    triesSource: 'The transaction tries a document: it is not a restore, a revert or a plain repair.',
    closeWaits: 'A close is queued.',
    readWaits: 'A read is queued.',
    documentWaits: 'A newer document is queued.',
    mayReplace:
      'The transaction tries a document of the source, which was replaced fewer than three times. The document of a ' +
      'restore or a revert is not replaced, and a plain repair has none.',
    isDegraded: 'Modules are degraded, or the first config failed its soak.',
    hasUntried: 'A document was not applied because a module was busy or the document is quarantined.',
    waitsForModule: 'A document was not applied because a module was busy.',
    journals: 'A store is configured, and the document is not known to be good.',
    quarantined: 'The document is quarantined and must not be tried now.',
    confirms: 'The transaction must be confirmed: it is a change, and another config has served before.',
    unconfirmed: 'The transaction must be confirmed, and has not been.',
    promotes: 'A store is configured, and this is not a restore, whose config is stored already.',
    hasServed: 'A transaction has committed before, so there is something to return to.',
    compensates: 'The plan changes a compensating module.',
    soaks: 'A soak is configured, and this is not a restore, whose config has passed its soak before.',
    failed: 'The work answered `failed`.',
    invalid: 'The document was rejected.',
    unchanged: 'The document changes nothing, and nothing is degraded.',
    leftDegraded: 'A rollback or an undo failed.',
    superseded: 'The transaction is rolled back because of a newer document or a revert.',
    aborted: 'The transaction is rolled back because of a close or a freeze.',
  },
  actions: {
    finishTransaction: 'A placeholder: writes the terminal record, exactly one for each epoch.',
    stopWork: 'A placeholder: ends the work of the state that is left, if it has not answered.',
    reportBroken: 'A placeholder: reports work that broke although it must not.',
    reportUnconfirmed: 'A placeholder: reports that the confirmation did not arrive in time.',
    beginChange: 'Begins a transaction with the document of the event.',
    beginWaiting: 'Begins a transaction with the queued document.',
    beginRead: 'Begins a transaction with a read.',
    beginRepair:
      'Begins a transaction with the document that found a module busy, or else with what serves, and counts it. A ' +
      'quarantined document stays untried.',
    beginRotation:
      'Begins a transaction with what serves, for the new value of a secret. An untried document stays so, and its retry ' +
      'stays due.',
    beginRetry: 'Begins a transaction with the untried document.',
    beginTrial: 'Begins a trial. An untried document stays so, and its retry stays due.',
    beginRestore: 'Begins a transaction with the last known good of an earlier run. An untried document stays so.',
    beginRevert: 'Begins a transaction with the earlier document that was asked for.',
    takeReadResult:
      'Takes the document that was read, or the queued one if that is newer. If the two have different lineages, it ' +
      'takes the one that was read and queues another read.',
    replaceDocument:
      'Replaces the document under way with the queued one, and counts it. A confirmation of the replaced document is ' +
      'dropped.',
    queueDocument: 'Queues the document in place of one that is already queued.',
    noteOrder: 'Notes the later order of the document that is known.',
    queueRead: 'Queues a read.',
    queueSecret: 'Notes that a secret has changed.',
    queueTrial: 'Queues a trial in place of one that is already queued.',
    dropTrial: 'Drops the queued trial, and notes that the one that runs is withdrawn.',
    queueRevert: 'Queues the revert in place of one that is already queued.',
    queueRetry: 'Notes that a retry is due; whether a document is untried is known after the transaction.',
    queueExpiry: 'Notes that a quarantine has expired, unless a retry is due already.',
    queueSettled: 'Notes that a module has settled; whether a document is untried is known after the transaction.',
    queueClose: 'Queues the close.',
    dropQueued:
      'Drops the queued document, trial, read and secret and the untried document, including the one of the running ' +
      'transaction: the unfreeze delivers the newest again.',
    noteConfirmed: 'Notes the confirmation.',
    noteQuarantined: 'Keeps the document until its quarantine ends.',
    end: 'Notes why the transaction is rolled back.',
    noteServed: 'Notes that a config has committed and nothing is degraded any more.',
    noteSoakFailed: 'Notes that the first config serves without having passed its soak.',
    noteDegraded: 'Adds the modules that the rollback named.',
    noteUntried: 'Keeps the document until the busy module has settled or its quarantine ends.',
    noteSuperseded: 'Notes that the next transaction may not be superseded while it prepares.',
  },
}
