import { and, not } from 'xstate'
import { conclude, end, reloadSetup } from './setup.ts'

const rollBack = { target: '#reload.rolling-back', actions: end('failed') } as const
const rollBackBroken = { target: '#reload.rolling-back', actions: ['reportBroken', end('failed')] } as const
const supersede = { target: '#reload.rolling-back', actions: end('superseded') } as const
const commit = { target: '#reload.resting.committed', actions: ['noteServed', conclude('committed')] } as const
const close = { guard: 'closeWaits', target: '#reload.closing', actions: conclude('aborted') } as const

/** From a proof that has held: on to what is still missing. */
const proved = [
  { guard: 'unconfirmed', target: 'confirming' },
  { guard: 'promotes', target: 'promoting' },
  commit,
] as const

/** All that follows a valid document: first what may fail or wait, then the one tick, then the proof. */
export const applying = reloadSetup.createStateConfig({
  initial: 'preparing',
  on: { 'confirm.given': { guard: 'confirms', actions: 'noteConfirmed' } },
  states: {
    // No module is called yet: a newer document may still take the transaction over.
    journaling: {
      invoke: {
        id: 'journalAttempt',
        src: 'journalAttempt',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [
          { guard: and(['documentWaits', 'mayReplace']), target: '#reload.validating', actions: 'replaceDocument' },
          { target: 'preparing' },
        ],
        onError: { target: 'preparing', actions: 'reportBroken' },
      },
      on: {
        'close.requested': { target: '#reload.resting.before', actions: ['holdClose', conclude('aborted')] },
        'freeze.requested': {
          guard: 'triesSource',
          target: '#reload.resting.before',
          actions: ['dropWaiting', conclude('aborted')],
        },
      },
    },
    preparing: {
      invoke: {
        id: 'prepareModules',
        src: 'prepareModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [{ guard: 'failed', ...rollBack }, { target: 'committing' }],
        onError: rollBackBroken,
      },
      on: {
        'source.changed': {
          guard: and(['isNewer', 'maySupersede']),
          target: '#reload.rolling-back',
          actions: ['hold', 'noteSuperseded', end('superseded')],
        },
        'close.requested': { target: '#reload.rolling-back', actions: ['holdClose', end('aborted')] },
        'freeze.requested': {
          guard: 'triesSource',
          target: '#reload.rolling-back',
          actions: ['dropWaiting', end('aborted')],
        },
      },
    },
    // The actor's whole work is one synchronous function; the chart only records its verdict.
    committing: {
      entry: 'noteNotSuperseded',
      invoke: {
        id: 'commitModules',
        src: 'commitModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [
          { guard: 'failed', ...rollBack },
          { guard: 'compensates', target: 'completing' },
          { guard: 'soaks', target: 'soaking' },
          ...proved,
        ],
        onError: rollBackBroken,
      },
    },
    completing: {
      invoke: {
        id: 'completeModules',
        src: 'completeModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [{ guard: 'failed', ...rollBack }, { guard: 'soaks', target: 'soaking' }, ...proved],
        onError: rollBackBroken,
      },
    },
    soaking: {
      // What ends a proof before its time: closing, the last known good come back, a revert.
      always: [
        close,
        { guard: and(['lastKnownGoodWaits', 'hasServed']), ...supersede },
        { guard: and(['revertWaits', 'hasServed']), ...supersede },
      ],
      invoke: {
        id: 'soakModules',
        src: 'soakModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [
          // Nothing to return to: it keeps serving, is not promoted, and is checked again.
          {
            guard: and(['failed', not('hasServed')]),
            target: '#reload.resting.degraded',
            actions: ['noteSoakFailed', conclude('degraded')],
          },
          { guard: 'failed', ...rollBack },
          ...proved,
        ],
        onError: rollBackBroken,
      },
    },
    // The old generations stay alive, and the checks go on, until somebody has said yes.
    confirming: {
      always: [close, { guard: 'lastKnownGoodWaits', ...supersede }, { guard: 'revertWaits', ...supersede }],
      invoke: {
        id: 'checkModules',
        src: 'checkModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: rollBack,
        onError: rollBackBroken,
      },
      after: { confirmDeadline: { target: '#reload.rolling-back', actions: ['reportUnconfirmed', end('failed')] } },
      on: { 'confirm.given': [{ guard: 'promotes', target: 'promoting' }, commit] },
    },
    // It has held: whatever comes now, it is the last known good.
    promoting: {
      invoke: {
        id: 'promoteSnapshot',
        src: 'promoteSnapshot',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: commit,
        onError: { target: commit.target, actions: ['reportBroken', ...commit.actions] },
      },
    },
  },
})
