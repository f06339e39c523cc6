/** What the definition does not say of itself: what each name means, once, by name. */
export interface MachineWords {
  /** One paragraph for somebody who sees the machine for the first time. */
  readonly intro: string
  readonly states: Readonly<Record<string, string>>
  readonly events: Readonly<Record<string, string>>
  readonly actors: Readonly<Record<string, { readonly does: string; readonly answers: string }>>
  readonly delays: Readonly<Record<string, string>>
  readonly guards: Readonly<Record<string, string>>
  readonly actions: Readonly<Record<string, string>>
}

export const reloadWords: MachineWords = {
  intro:
    'The reload machine takes one document at a time from a change to a state of rest, and the state of rest _is_ the ' +
    'answer to how the last reload went. It reads or takes the document in hand, validates it, lets all modules ' +
    'prepare what may fail or wait, swaps to the new generations in one synchronous tick, completes the modules that ' +
    'have no generations, and lets the new state prove itself in a soak. Whatever fails after the validation is taken ' +
    'back in `rolling-back`. What arrives meanwhile waits in the context and has its turn at the next rest. The machine ' +
    'holds revisions and names, never a document.',
  states: {
    resting: 'No transaction is running. What waits begins at once: a close, then a read, then a document.',
    'resting.idle': 'Nothing has been tried yet.',
    'resting.committed': 'The last document serves, or changed nothing.',
    'resting.rejected': 'The last document was refused before any module was called; what served before serves.',
    'resting.rolled-back': 'A module failed; all serve what they served before.',
    'resting.degraded':
      'Some modules may not serve the config, or the very first config failed its soak; it is repaired with a backoff.',
    'resting.before': 'Not a state of its own: the way back to where the machine rested before this transaction.',
    fetching: 'A read that somebody asked for is under way.',
    validating: 'The document is parsed and validated, policies are asked, and the plan is made. No module is called.',
    applying: 'Modules are at work.',
    'applying.preparing': 'All work that may fail or wait; nothing that serves is touched.',
    'applying.committing': 'The one tick: every module swaps to its new generation.',
    'applying.completing': 'Compensating modules apply the change, in dependency order.',
    'applying.soaking': 'The new state serves and is checked; the old one is still alive.',
    'rolling-back': 'The swap, or what was prepared for it, is taken back, in reverse order.',
    closing: 'All generations that serve are closed, in reverse order.',
    closed: 'The end. Nothing is left.',
  },
  events: {
    'source.changed':
      'The source holds a document that may be newer. Carries its `candidate`: a revision, never content.',
    'reload.requested': 'Somebody asks for a read that begins from now on.',
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
      answers: '`valid` with `compensates`; `unchanged`, never while something is degraded; `invalid`',
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
    rollBackModules: {
      does: 'Swaps back and undoes in reverse order; gives up a prepare that still runs.',
      answers:
        '`done` with the names of the modules that are `degraded`, and `isUntried` where the document was not at fault',
    },
    closeModules: { does: 'Closes what serves, bounded in time.', answers: 'nothing' },
  },
  delays: {
    repairBackoff: 'How long a degraded machine rests before it tries again; grows with `repairs`.',
  },
  guards: {
    isNewer: 'The document is later than all that was seen of its lineage and not the same, or of another lineage.',
    maySupersede: 'The transaction before this one was not superseded; a steady writer must not starve every commit.',
    lastGoodWaits: 'The waiting document is the last known good one again.',
    closeWaits: 'A close was requested meanwhile.',
    readWaits: 'A reload was requested meanwhile.',
    documentWaits: 'A newer document arrived meanwhile.',
    mayReplace: 'The document of this transaction was replaced fewer than three times; a repair has none to replace.',
    isDegraded: 'Modules are degraded, or the first config is unproven.',
    hasUntried: 'A document was not applied for want of a module that was busy.',
    hasServed: 'A commit has held before: there is something to return to.',
    compensates: 'The plan changes a compensating module.',
    soaks: 'A soak is set.',
    failed: 'The actor answered `failed`.',
    invalid: 'The document was refused.',
    unchanged: 'The document changes nothing, and nothing is degraded.',
    leftDegraded: 'A swap back or an undo failed.',
    superseded: 'The transaction is taken back because of a newer document.',
    aborted: 'The transaction is taken back because of a close.',
  },
  actions: {
    conclude: 'A hole: writes the terminal record, exactly one for each epoch.',
    reportBroken: 'A hole: reports an actor that rejected; it had promised not to.',
    beginChange: 'Begins a transaction with the document of the event.',
    beginWaiting: 'Begins a transaction with the document that waited.',
    beginRead: 'Begins a transaction with a read.',
    beginRepair:
      'Begins a transaction with the untried document, where there is one, else with what serves; counts it.',
    takeReading: 'Takes what was read, or what arrived meanwhile where that is newer.',
    replaceDocument: 'Puts the waiting document in the place of the one that was validated, and counts it.',
    hold: 'Keeps the document for later; it takes the place of one that waited.',
    noteOrder: 'Notes the later order of the document that is known.',
    holdRead: 'Remembers to read.',
    holdClose: 'Remembers to close.',
    notePlan: 'Notes whether the plan changes a compensating module.',
    end: 'Notes why the transaction is taken back.',
    noteServed: 'Notes that a commit held: nothing is degraded any more.',
    noteUnproven: 'Notes that the first config serves without having passed its soak.',
    noteDegraded: 'Adds the modules that the rollback named.',
    noteUntried: 'Keeps the document, where it was not at fault, until the busy module has settled.',
    noteSuperseded: 'The next transaction may not be superseded while it prepares.',
    noteNotSuperseded: 'The next transaction may be superseded.',
  },
}

export const watchWords: MachineWords = {
  intro:
    'The watch machine keeps in step with a source, the same way for every kind of source. It reads, and watches from ' +
    'what it has read. A watch is a doorbell: once it is open the machine reads again, since nobody tells what changed ' +
    'in between, and so it does after each interval of silence. A document that the stream carries is delivered as it ' +
    'is. Whatever fails is answered by backing off, reading and watching anew; a compaction by reading at once. All ' +
    'retries of a reloader live here.',
  states: {
    connecting: 'The first read, or the first one after a failure.',
    following: 'A watch runs.',
    'following.opening': 'The watch has not said yet that it is open.',
    'following.re-reading': 'A read verifies what the watch told, or did not tell.',
    'following.watching': 'All is known that the source has; the watch will tell of changes.',
    compacted: 'The source has forgotten the revision that the watch asked for: a read gives a newer one at once.',
    'backing-off': 'The source rests after a failure.',
    closed: 'The end. Nothing is left.',
  },
  events: {
    'watch.opened': 'The stream is established, for the first time or anew.',
    'watch.reported': 'The stream told a document, or that there is none. Carries its `candidate`.',
    'watch.changed': 'The stream told that something changed, but not what.',
    'watch.broke': 'The stream ended. Carries a `cause`: a code of the source.',
    'close.requested': 'The watch is to end.',
  },
  actors: {
    readSource: {
      does: 'One bounded read of the source.',
      answers: '`read` with a candidate, or `failed` with a cause',
    },
    watchSource: {
      does: 'Watches the source after a revision until it is stopped.',
      answers: 'sends `watch.*` events; ends with `watch.broke`',
    },
  },
  delays: {
    backoff: 'How long the source rests after a failure; grows with `attempts`, jittered and capped.',
    openDeadline: 'How long a watch may take to open.',
    steadyAfter: 'How long a watch must hold before its failures are forgotten.',
    reconcileInterval: 'How long a silent watch is trusted before a read verifies it.',
  },
  guards: {
    failed: 'The read failed.',
    isForeign: 'The document is of another lineage: the store was wiped or restored.',
    isNewer: 'The document is later than all that was seen of its lineage, and not the same.',
    isFirstCompaction: 'The stream broke by a compaction, the first since a watch held.',
    isHealthy: 'A read has verified the watch since the last failure.',
    readAgain: 'Something was announced during the read, which it may have missed.',
  },
  actions: {
    deliver: 'A hole: hands the candidate on.',
    reportBroken: 'A hole: reports an actor that broke its promise never to reject.',
    noteSeen: 'Notes the newest revision seen.',
    noteFailure: 'Notes the cause and counts the attempt.',
    noteSilent: 'The same for a watch that did not open.',
    noteCompaction: 'Notes and counts the compaction.',
    noteHealthy: 'Forgets the cause: a read has verified an open watch.',
    noteSteady: 'Forgets failures and compactions: the watch has held.',
    holdRead: 'Remembers to read once more.',
    beginRead: 'What was announced so far will be in the read that begins.',
  },
}
