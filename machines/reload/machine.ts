import { and, not } from 'xstate'
import { applying } from './applying.ts'
import { conclude, reloadSetup } from './setup.ts'

const reject = { target: 'resting.rejected', actions: ['noteNotSuperseded', conclude('rejected')] } as const
const rejectBroken = {
  target: 'resting.rejected',
  actions: ['reportBroken', 'noteNotSuperseded', conclude('rejected')],
} as const
const abortToClose = { target: 'resting.before', actions: ['holdClose', conclude('aborted')] } as const
const abortToFreeze = { target: 'resting.before', actions: ['dropWaiting', conclude('aborted')] } as const
// A restore, a revert and a repair of what serves go on.
const abortChangeToFreeze = { guard: 'triesSource', ...abortToFreeze } as const

/**
 * One transaction at a time, from a changed document to a state of rest: the state *is* the answer to how the last
 * reload went. Actors, delays, `conclude` and `reportBroken` are holes; every decision is in the chart.
 */
export const reloadMachine = reloadSetup.createMachine({
  id: 'reload',
  context: ({ input }) => ({
    ...input,
    epoch: 0,
    trigger: 'start',
    candidate: undefined,
    seen: undefined,
    waiting: { candidate: undefined, revert: undefined, read: false, close: false },
    replacements: 0,
    supersededBefore: false,
    ending: 'failed',
    compensates: false,
    isConfirmed: false,
    frozenMeanwhile: false,
    hasServed: false,
    degraded: [],
    soakFailed: false,
    untried: undefined,
    due: undefined,
    repairs: 0,
  }),
  initial: 'resting',
  // While a transaction runs, what arrives waits.
  on: {
    'source.changed': [{ guard: 'isNewer', actions: 'hold' }, { actions: 'noteOrder' }],
    'reload.requested': { actions: 'holdRead' },
    'close.requested': { actions: 'holdClose' },
    'revert.requested': { actions: 'holdRevert' },
    'retry.requested': { actions: 'holdRetry' },
    'module.settled': { actions: 'holdSettled' },
    'freeze.requested': { actions: 'dropWaiting' },
  },
  states: {
    resting: {
      initial: 'idle',
      always: [
        { guard: 'closeWaits', target: 'closing' },
        { guard: 'revertWaits', target: 'validating', actions: 'beginRevert' },
        { guard: 'readWaits', target: 'fetching', actions: 'beginRead' },
        { guard: 'documentWaits', target: 'validating', actions: 'beginWaiting' },
        { guard: 'retryWaits', target: 'validating', actions: 'beginRetry' },
        { guard: 'repairWaits', target: 'validating', actions: 'beginRepair' },
      ],
      on: {
        'source.changed': { guard: 'isNewer', target: 'validating', actions: 'beginChange' },
        'reload.requested': { target: 'fetching', actions: 'beginRead' },
        'close.requested': { target: 'closing' },
        'module.settled': [{ guard: 'waitsForModule', target: 'validating', actions: 'beginRepair' }, {}],
        'retry.requested': [{ guard: 'hasUntried', target: 'validating', actions: 'beginRetry' }, {}],
        'restore.requested': { guard: not('hasServed'), target: 'validating', actions: 'beginRestore' },
        'revert.requested': { target: 'validating', actions: 'beginRevert' },
      },
      states: {
        idle: {},
        committed: {},
        rejected: { always: { guard: 'isDegraded', target: 'degraded' } },
        'rolled-back': { always: { guard: 'isDegraded', target: 'degraded' } },
        degraded: {
          after: { repairBackoff: { target: '#reload.validating', actions: 'beginRepair' } },
          on: { 'module.settled': { target: '#reload.validating', actions: 'beginRepair' } },
        },
        before: { type: 'history', target: 'idle' },
      },
    },
    fetching: {
      invoke: {
        id: 'readDocument',
        src: 'readDocument',
        input: ({ context }) => ({ epoch: context.epoch, seen: context.seen }),
        onDone: [
          { guard: 'failed', ...reject },
          { target: 'validating', actions: 'takeReading' },
        ],
        onError: rejectBroken,
      },
      on: { 'close.requested': abortToClose, 'freeze.requested': abortToFreeze },
    },
    validating: {
      invoke: {
        id: 'validateDocument',
        src: 'validateDocument',
        input: ({ context: { epoch, trigger, candidate, degraded, soakFailed } }) => ({
          epoch,
          trigger,
          candidate,
          degraded,
          soakFailed,
        }),
        onDone: [
          // A newer document takes the transaction over, so that a storm costs one.
          {
            guard: and(['documentWaits', 'mayReplace']),
            target: 'validating',
            reenter: true,
            actions: 'replaceDocument',
          },
          {
            guard: and(['quarantined', 'repairsInstead']),
            target: 'validating',
            reenter: true,
            actions: ['noteQuarantined', 'noteNotSuperseded', conclude('rejected'), 'beginRepair'],
          },
          {
            guard: 'quarantined',
            target: 'resting.rejected',
            actions: ['noteQuarantined', 'noteNotSuperseded', conclude('rejected')],
          },
          { guard: 'invalid', ...reject },
          {
            guard: 'unchanged',
            target: 'resting.committed',
            actions: ['noteNotSuperseded', conclude('unchanged')],
          },
          { guard: 'journals', target: 'applying.journaling', actions: 'notePlan' },
          { target: 'applying.preparing', actions: 'notePlan' },
        ],
        onError: rejectBroken,
      },
      on: { 'close.requested': abortToClose, 'freeze.requested': abortChangeToFreeze },
    },
    applying,
    'rolling-back': {
      invoke: {
        id: 'rollBackModules',
        src: 'rollBackModules',
        input: ({ context }) => ({ epoch: context.epoch, ending: context.ending }),
        onDone: [
          {
            guard: 'leftDegraded',
            target: 'resting.degraded',
            actions: ['noteDegraded', 'noteUntried', conclude('degraded')],
          },
          { guard: 'superseded', target: 'resting.before', actions: conclude('superseded') },
          { guard: 'aborted', target: 'resting.before', actions: conclude('aborted') },
          { target: 'resting.rolled-back', actions: ['noteUntried', 'noteNotSuperseded', conclude('rolled-back')] },
        ],
        onError: {
          target: 'resting.rolled-back',
          actions: ['reportBroken', 'noteNotSuperseded', conclude('rolled-back')],
        },
      },
    },
    closing: {
      invoke: {
        id: 'closeModules',
        src: 'closeModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: { target: 'closed' },
        onError: { target: 'closed', actions: 'reportBroken' },
      },
    },
    closed: { type: 'final' },
  },
})
