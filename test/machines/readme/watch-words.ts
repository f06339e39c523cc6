import type { MachineWords } from './words.ts'

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
