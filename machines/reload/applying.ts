import { and, not } from 'xstate'
import { end, finishTransaction, reloadSetup, work } from './setup.ts'

const rollBack = { target: '#reload.rolling-back', actions: end('failed') } as const
const rollBackBroken = { target: '#reload.rolling-back', actions: ['reportBroken', end('failed')] } as const
const supersede = { target: '#reload.rolling-back', actions: end('superseded') } as const
const commit = { target: '#reload.resting.committed', actions: ['noteServed', finishTransaction('committed')] } as const
const withdraw = { guard: 'isWithdrawn', target: '#reload.rolling-back', actions: end('aborted') } as const
const close = { guard: 'closeWaits', target: '#reload.closing', actions: finishTransaction('aborted') } as const

/** The steps that remain once the new generations are sound. */
const proceed = [
  { guard: 'onTrial', target: 'trying' },
  { guard: 'unconfirmed', target: 'confirming' },
  { guard: 'promotes', target: 'promoting' },
  commit,
] as const

/** The path of a valid document: first everything that can fail or wait, then the commit, then the soak. */
export const applying = reloadSetup.createStateConfig({
  initial: 'preparing',
  on: { 'confirm.given': { guard: 'confirms', actions: 'noteConfirmed' } },
  states: {
    // No module has been called, so a newer document may still take over this transaction.
    journaling: {
      entry: work('journalAttempt'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.journalAttempt': [
          { guard: and(['documentWaits', 'mayReplace']), target: '#reload.validating', actions: 'replaceDocument' },
          {
            guard: and(['triesTrial', 'documentWaits']),
            target: '#reload.resting.before',
            actions: finishTransaction('superseded'),
          },
          { target: 'preparing' },
        ],
        'xstate.error.actor.journalAttempt': { target: 'preparing', actions: 'reportBroken' },
        'trial.ended': {
          guard: 'onTrial',
          target: '#reload.resting.before',
          actions: ['dropTrial', finishTransaction('aborted')],
        },
        'close.requested': { target: '#reload.resting.before', actions: ['queueClose', finishTransaction('aborted')] },
        'freeze.requested': {
          guard: 'triesSource',
          target: '#reload.resting.before',
          actions: ['dropQueued', finishTransaction('aborted')],
        },
      },
    },
    preparing: {
      entry: work('prepareModules'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.prepareModules': [{ guard: 'failed', ...rollBack }, { target: 'committing' }],
        'xstate.error.actor.prepareModules': rollBackBroken,
        'trial.ended': { guard: 'onTrial', target: '#reload.rolling-back', actions: ['dropTrial', end('aborted')] },
        'source.changed': {
          guard: and(['isNewer', 'maySupersede']),
          target: '#reload.rolling-back',
          actions: ['queueDocument', 'noteSuperseded', end('superseded')],
        },
        'close.requested': { target: '#reload.rolling-back', actions: ['queueClose', end('aborted')] },
        'freeze.requested': {
          guard: 'triesSource',
          target: '#reload.rolling-back',
          actions: ['dropQueued', end('aborted')],
        },
      },
    },
    // The work is one synchronous function; the machine only records the verdict.
    committing: {
      entry: work('commitModules'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.commitModules': [
          { guard: 'failed', ...rollBack },
          { guard: 'compensates', target: 'completing' },
          { guard: 'soaks', target: 'soaking' },
          ...proceed,
        ],
        'xstate.error.actor.commitModules': rollBackBroken,
      },
    },
    completing: {
      entry: work('completeModules'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.completeModules': [
          { guard: 'failed', ...rollBack },
          { guard: 'soaks', target: 'soaking' },
          ...proceed,
        ],
        'xstate.error.actor.completeModules': rollBackBroken,
      },
    },
    soaking: {
      // A close, a revert, or the return of the last known good ends the soak early.
      always: [
        close,
        withdraw,
        { guard: and(['lastKnownGoodWaits', 'hasServed']), ...supersede },
        { guard: and(['revertWaits', 'hasServed']), ...supersede },
        { guard: and(['supersedesSoak', 'newerWaits']), ...supersede },
      ],
      entry: work('soakModules'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.soakModules': [
          // First apply: there is nothing to return to, so it keeps serving, is not promoted, and is checked again.
          {
            guard: and(['failed', not('hasServed')]),
            target: '#reload.resting.degraded',
            actions: ['noteSoakFailed', finishTransaction('degraded')],
          },
          { guard: 'failed', ...rollBack },
          ...proceed,
        ],
        'xstate.error.actor.soakModules': rollBackBroken,
      },
    },
    // The document has held, and the source does not have it yet. It serves until it is promoted or withdrawn.
    trying: {
      always: [
        close,
        withdraw,
        { guard: 'newerWaits', ...supersede },
        { guard: 'revertWaits', ...supersede },
        { guard: and([not('onTrial'), 'promotes']), target: 'promoting' },
        { guard: not('onTrial'), ...commit },
      ],
      entry: work('checkModules'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.checkModules': rollBack,
        'xstate.error.actor.checkModules': rollBackBroken,
      },
    },
    // The old generations stay alive and the checks continue until the transaction is confirmed. A newer document does
    // not wait for that: what was confirmed last serves until it has been prepared.
    confirming: {
      always: [close, { guard: 'newerWaits', ...supersede }, { guard: 'revertWaits', ...supersede }],
      entry: work('checkModules'),
      exit: 'stopWork',
      after: { confirmDeadline: { target: '#reload.rolling-back', actions: ['reportUnconfirmed', end('failed')] } },
      on: {
        'xstate.done.actor.checkModules': rollBack,
        'xstate.error.actor.checkModules': rollBackBroken,
        'confirm.given': [{ guard: 'promotes', target: 'promoting' }, commit],
      },
    },
    // The soak has passed: from here on nothing can stop it from becoming the last known good.
    promoting: {
      entry: work('promoteSnapshot'),
      exit: 'stopWork',
      on: {
        'xstate.done.actor.promoteSnapshot': commit,
        'xstate.error.actor.promoteSnapshot': { target: commit.target, actions: ['reportBroken', ...commit.actions] },
      },
    },
  },
})
