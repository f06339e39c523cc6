import type { MachineDescriptions } from './tables.ts'

export const admissionDescriptions: MachineDescriptions = {
  intro:
    'The admission machine stands between the watch machine and the reload machine. As long as changes are rare, it ' +
    'passes each one on at once. It thins out a storm of changes: after each window it passes on the newest, and the ' +
    'windows grow as long as the storm lasts. While changes are frozen it passes nothing on; the unfreeze delivers the ' +
    'newest. It keeps only the revision of the newest document, and never loses it.',
  states: {
    following: 'Changes are passed on.',
    'following.calm': 'Changes are few enough to pass each one on.',
    'following.pacing': 'A storm: changes are gathered, and the newest is passed on after each window.',
    frozen: 'Changes are frozen. The source is still followed.',
    closed: 'The final state. Nothing is passed on.',
  },
  events: {
    'source.changed':
      'The watch machine delivered a document. Carries its `candidate`, and `at`, the time by a monotonic clock.',
    'document.read':
      'The reload machine has read a document itself. The admission machine must know it, because a freeze may abort ' +
      'it. Carries its `candidate`.',
    'freeze.requested': 'Freezes changes.',
    'unfreeze.requested': 'Passes changes on again.',
    'close.requested': 'Closes the machine.',
  },
  work: {},
  delays: {
    window: 'How long the changes of a storm are gathered; grows with `windows`, up to a limit.',
  },
  guards: {
    isBurst: 'This is the eighth change in a row that came less than 20 ms after the one before.',
    isNewer: 'The document is later in its lineage than the newest one and differs from it, or has another lineage.',
    isWaiting: 'The newest document has not been passed on.',
  },
  actions: {
    deliver: 'A placeholder: passes the newest candidate on.',
    deliverFrozen: 'A placeholder: passes the newest candidate on, if there is one, marked as `wasFrozen`.',
    noteNewest: 'Notes the document, unless a later one of its lineage is known.',
    noteWaiting: 'Counts a change that has not been passed on.',
    notePassed: 'Notes that the newest document has been passed on, and when, and counts the change.',
    noteWindow: 'Notes that the newest document has been passed on, and counts a window that gathered several.',
    noteQuiet: 'Resets both counts.',
    noteReleased: 'Notes that no change is waiting.',
  },
}
