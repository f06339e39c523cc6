import type { MachineWords } from './words.ts'

export const admissionWords: MachineWords = {
  intro:
    'The admission machine stands between the watch machine and the reload machine. While changes are few it lets each ' +
    'through at once. A storm of them it gathers: after each window the newest goes through, and the windows grow as ' +
    'long as it lasts. While changes are frozen none goes through, and the newest is handed on when they are no more. ' +
    'It names the newest document only, and never loses that.',
  states: {
    following: 'Changes are let through.',
    'following.calm': 'The source was quiet for a while.',
    'following.busy': 'Changes came a moment ago, few enough to let each through.',
    'following.pacing': 'A storm: changes are gathered, and the newest goes through after each window.',
    frozen: 'Somebody holds all changes. The source is still followed.',
    closed: 'The end. Nothing goes through.',
  },
  events: {
    'source.changed': 'The watch machine delivers a document. Carries its `candidate`.',
    'document.read':
      'The reload machine has read a document itself: it is known here, for a freeze may give it up. Carries its ' +
      '`candidate`.',
    'freeze.requested': 'Changes are to be held.',
    'unfreeze.requested': 'Changes are to be let through again.',
    'close.requested': 'The reloader is to close.',
  },
  actors: {},
  delays: {
    quiet: 'How long the source must be quiet to be calm.',
    window: 'How long changes of a storm are gathered; grows with `windows`, capped.',
  },
  guards: {
    isBurst: 'The eighth change since the source was last quiet.',
    isNewer: 'The document is later than the newest of its lineage and not the same, or of another lineage.',
    isWaiting: 'A document has not been let through.',
  },
  actions: {
    deliver: 'A hole: hands the newest candidate on.',
    deliverFrozen: 'A hole: hands the newest candidate on, where there is one, as one that was held back.',
    noteNewest: 'Notes the document, unless a later one of its lineage is known.',
    noteWaiting: 'Notes that the newest document has not been let through.',
    notePassed: 'Notes that it has been, and counts the change.',
    noteWindow: 'Notes that it has been, and counts the window.',
    noteQuiet: 'Forgets both counts.',
    noteReleased: 'Notes that nothing waits any more.',
  },
}
