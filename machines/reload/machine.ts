import { and, not } from 'xstate'
import { applying } from './applying.ts'
import { finishTransaction, reloadSetup, work } from './setup.ts'

const reject = { target: 'resting.rejected', actions: finishTransaction('rejected') } as const
const rejectBroken = { target: 'resting.rejected', actions: ['reportBroken', finishTransaction('rejected')] } as const
const abortToClose = { target: 'resting.before', actions: ['queueClose', finishTransaction('aborted')] } as const
const abortToFreeze = { target: 'resting.before', actions: ['dropQueued', finishTransaction('aborted')] } as const
const abortTrial = {
  guard: 'onTrial',
  target: 'resting.before',
  actions: ['dropTrial', finishTransaction('aborted')],
} as const
const supersedeTrial = { target: 'resting.before', actions: finishTransaction('superseded') } as const
// A freeze does not stop a restore, a revert, or a repair of what serves.
const abortChangeToFreeze = { guard: 'triesSource', ...abortToFreeze } as const

/**
 * Makes the machine that runs one transaction at a time, from a changed document to a resting state, which says how the
 * last reload ended. The work of a state is an action on its entry; its answer is the event that XState sends for an actor
 * of that name, and `stopWork` ends work whose state is left. Work, delays, `finishTransaction` and the reports are
 * placeholders; every decision is made here.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a chart is read whole
export const createReloadMachine = () =>
  reloadSetup.createMachine({
    id: 'reload',
    context: ({ input }) => ({
      ...input,
      epoch: 0,
      trigger: 'start',
      candidate: undefined,
      seen: undefined,
      waiting: { candidate: undefined, trial: undefined, revert: undefined, read: false, secret: false, close: false },
      replacements: 0,
      supersededEpoch: undefined,
      ending: 'failed',
      isConfirmed: false,
      isWithdrawn: false,
      frozenMeanwhile: false,
      hasServed: false,
      degraded: [],
      soakFailed: false,
      untried: undefined,
      due: undefined,
      repairs: 0,
    }),
    initial: 'resting',
    // Whatever arrives while a transaction runs is queued.
    on: {
      'source.changed': [{ guard: 'isNewer', actions: 'queueDocument' }, { actions: 'noteOrder' }],
      'trial.offered': [{ guard: 'hasServed', actions: 'queueTrial' }, {}],
      'trial.ended': { actions: 'dropTrial' },
      'trial.promoted': [{ guard: 'onTrial', actions: 'noteConfirmed' }, { actions: 'dropTrial' }],
      'reload.requested': { actions: 'queueRead' },
      'close.requested': { actions: 'queueClose' },
      'revert.requested': { actions: 'queueRevert' },
      'retry.requested': { actions: 'queueRetry' },
      'quarantine.expired': { actions: 'queueExpiry' },
      'module.settled': { actions: 'queueSettled' },
      'secret.changed': [{ guard: 'serves', actions: 'queueSecret' }, {}],
      'freeze.requested': { actions: 'dropQueued' },
    },
    states: {
      resting: {
        initial: 'idle',
        always: [
          { guard: 'closeWaits', target: 'closing' },
          { guard: 'revertWaits', target: 'validating', actions: 'beginRevert' },
          { guard: 'readWaits', target: 'fetching', actions: 'beginRead' },
          { guard: 'documentWaits', target: 'validating', actions: 'beginWaiting' },
          { guard: 'secretWaits', target: 'validating', actions: 'beginRotation' },
          { guard: 'retryWaits', target: 'validating', actions: 'beginRetry' },
          { guard: 'repairWaits', target: 'validating', actions: 'beginRepair' },
          { guard: 'trialWaits', target: 'validating', actions: 'beginTrial' },
        ],
        on: {
          'source.changed': { guard: 'isNewer', target: 'validating', actions: 'beginChange' },
          'trial.offered': [{ guard: 'hasServed', target: 'validating', actions: 'beginTrial' }, {}],
          'trial.ended': { actions: 'dropTrial' },
          'reload.requested': { target: 'fetching', actions: 'beginRead' },
          'close.requested': { target: 'closing' },
          'secret.changed': [{ guard: 'serves', target: 'validating', actions: 'beginRotation' }, {}],
          'module.settled': [{ guard: 'waitsForModule', target: 'validating', actions: 'beginRepair' }, {}],
          'retry.requested': [{ guard: 'hasUntried', target: 'validating', actions: 'beginRetry' }, {}],
          'quarantine.expired': [{ guard: 'hasUntried', target: 'validating', actions: 'beginRetry' }, {}],
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
        entry: { type: 'readDocument', params: ({ context }) => ({ epoch: context.epoch, seen: context.seen }) },
        exit: 'stopWork',
        on: {
          'xstate.done.actor.readDocument': [
            { guard: 'failed', ...reject },
            { target: 'validating', actions: 'takeReadResult' },
          ],
          'xstate.error.actor.readDocument': rejectBroken,
          'close.requested': abortToClose,
          'freeze.requested': abortToFreeze,
        },
      },
      validating: {
        entry: {
          type: 'validateDocument',
          params: ({ context: { epoch, trigger, candidate, degraded, soakFailed } }) => ({
            epoch,
            trigger,
            candidate,
            degraded,
            soakFailed,
          }),
        },
        exit: 'stopWork',
        on: {
          'xstate.done.actor.validateDocument': [
            // A newer document takes over the transaction, so a storm of changes costs only one.
            {
              guard: and(['documentWaits', 'mayReplace']),
              target: 'validating',
              reenter: true,
              actions: 'replaceDocument',
            },
            // The document on trial gives way to what the source holds.
            { guard: and(['triesTrial', 'documentWaits']), ...supersedeTrial },
            {
              guard: 'quarantined',
              target: 'resting.rejected',
              actions: ['noteQuarantined', finishTransaction('rejected')],
            },
            { guard: 'invalid', ...reject },
            { guard: 'unchanged', target: 'resting.committed', actions: finishTransaction('unchanged') },
            { guard: 'journals', target: 'applying.journaling' },
            { target: 'applying.preparing' },
          ],
          'xstate.error.actor.validateDocument': rejectBroken,
          'trial.ended': abortTrial,
          'close.requested': abortToClose,
          'freeze.requested': abortChangeToFreeze,
        },
      },
      applying,
      'rolling-back': {
        entry: { type: 'rollBackModules', params: ({ context }) => ({ epoch: context.epoch, ending: context.ending }) },
        exit: 'stopWork',
        on: {
          'xstate.done.actor.rollBackModules': [
            {
              guard: 'leftDegraded',
              target: 'resting.degraded',
              actions: ['noteDegraded', 'noteUntried', finishTransaction('degraded')],
            },
            { guard: 'superseded', target: 'resting.before', actions: finishTransaction('superseded') },
            { guard: 'aborted', target: 'resting.before', actions: finishTransaction('aborted') },
            { target: 'resting.rolled-back', actions: ['noteUntried', finishTransaction('rolled-back')] },
          ],
          'xstate.error.actor.rollBackModules': {
            target: 'resting.rolled-back',
            actions: ['reportBroken', finishTransaction('rolled-back')],
          },
        },
      },
      closing: {
        entry: work('closeModules'),
        exit: 'stopWork',
        on: {
          'xstate.done.actor.closeModules': { target: 'closed' },
          'xstate.error.actor.closeModules': { target: 'closed', actions: 'reportBroken' },
        },
      },
      closed: { type: 'final' },
    },
  })
