import type { MachineDescriptions } from './tables.ts'

export const watchDescriptions: MachineDescriptions = {
  intro:
    'The watch machine follows a source in the same way for every kind of source. It reads, then watches from the ' +
    'revision it has read. The watch only speeds things up: the machine reads again as soon as the watch is open, ' +
    'because changes made in between are not announced, and once more after each interval of silence. A document that ' +
    'the stream carries is delivered as it is. After a failure the machine backs off, reads and watches again; after a ' +
    'compaction it reads at once. All retries against the source happen here.',
  states: {
    connecting: 'The first read, or the first one after a failure.',
    following: 'A watch is running.',
    'following.opening': 'The watch has not reported yet that it is open.',
    'following.re-reading': 'A read verifies what the watch has reported, or has failed to report.',
    'following.watching': 'Everything in the source is known; the watch reports further changes.',
    compacted: 'The source no longer has the revision that the watch asked for: a read fetches a newer one at once.',
    'backing-off': 'The source rests after a failure.',
    closed: 'The final state. Nothing is left running.',
  },
  events: {
    'watch.opened': 'The stream was opened, for the first time or again.',
    'watch.reported': 'The stream delivered a document, or the news that none exists. Carries its `candidate`.',
    'watch.changed': 'The stream announced a change without its content.',
    'watch.broke': 'The stream ended. Carries a `cause`, which is an error code of the source.',
    'close.requested': 'Ends the watch.',
  },
  work: {
    readSource: {
      does: 'Reads the source once, within a deadline.',
      answers: '`read` with a candidate, or `failed` with a cause',
    },
    watchSource: {
      does: 'Watches the source from a revision on, until it is stopped.',
      answers: 'sends `watch.*` events; ends with `watch.broke`',
    },
  },
  delays: {
    backoff: 'How long the source rests after a failure; grows with `attempts`, with jitter, up to a limit.',
    openDeadline: 'How long a watch may take to open.',
    steadyAfter: 'How long a watch must stay open before its failures are forgotten.',
    reconcileInterval: 'How long a silent watch is trusted before a read verifies it.',
  },
  guards: {
    failed: 'The read failed.',
    isForeign: 'The document has another lineage: the store was wiped or restored.',
    isNewer: 'The document is later in its lineage than everything seen so far, and differs from it.',
    isFirstCompaction: 'The stream broke because of a compaction, the first since a watch was steady.',
    isHealthy: 'A read has verified the watch since the last failure.',
    readAgain: 'A change was announced during the read, which may have missed it.',
  },
  actions: {
    deliver: 'A placeholder: passes the candidate on.',
    stopWork: 'A placeholder: ends the work of the state that is left, if it has not answered.',
    reportBroken: 'A placeholder: reports work that broke although it must not.',
    noteSeen: 'Notes the newest revision seen.',
    noteFailure: 'Notes the cause and counts the attempt.',
    noteSilent: 'Notes a timeout and counts the attempt: the watch did not open.',
    noteCompaction: 'Notes and counts the compaction.',
    noteHealthy: 'Clears the cause: a read has verified an open watch.',
    noteSteady: 'Resets the counts of failures and compactions: the watch has stayed open.',
    queueRead: 'Notes that one more read is due.',
    beginRead: 'Clears that note: the read that begins includes everything announced so far.',
  },
}
