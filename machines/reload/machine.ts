import { and } from 'xstate'
import { applying } from './applying.ts'
import { conclude, reloadSetup } from './setup.ts'

const reject = { target: 'resting.rejected', actions: ['noteNotSuperseded', conclude('rejected')] } as const
const rejectBroken = {
  target: 'resting.rejected',
  actions: ['reportBroken', 'noteNotSuperseded', conclude('rejected')],
} as const
const abort = { target: 'resting.before', actions: ['holdClose', conclude('aborted')] } as const

/**
 * One transaction at a time, from a changed document to a state of rest: the state *is* the answer to how the last
 * reload went. Actors, delays, `conclude` and `reportBroken` are holes; every decision is in the chart.
 */
export const reloadMachine = reloadSetup.createMachine({
  id: 'reload',
  context: ({ input }) => ({
    soaks: input.soaks,
    epoch: 0,
    trigger: 'start',
    candidate: undefined,
    seen: undefined,
    waiting: { candidate: undefined, read: false, close: false },
    replacements: 0,
    supersededBefore: false,
    ending: 'failed',
    compensates: false,
    hasServed: false,
    degraded: [],
    unproven: false,
    untried: undefined,
    repairs: 0,
  }),
  initial: 'resting',
  // While a transaction runs, what arrives waits.
  on: {
    'source.changed': [{ guard: 'isNewer', actions: 'hold' }, { actions: 'noteOrder' }],
    'reload.requested': { actions: 'holdRead' },
    'close.requested': { actions: 'holdClose' },
    'module.settled': {},
  },
  states: {
    resting: {
      initial: 'idle',
      always: [
        { guard: 'closeWaits', target: 'closing' },
        { guard: 'readWaits', target: 'fetching', actions: 'beginRead' },
        { guard: 'documentWaits', target: 'validating', actions: 'beginWaiting' },
      ],
      on: {
        'source.changed': { guard: 'isNewer', target: 'validating', actions: 'beginChange' },
        'reload.requested': { target: 'fetching', actions: 'beginRead' },
        'close.requested': { target: 'closing' },
        'module.settled': { guard: 'hasUntried', target: 'validating', actions: 'beginRepair' },
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
        src: 'readDocument',
        input: ({ context }) => ({ epoch: context.epoch, seen: context.seen }),
        onDone: [
          { guard: 'failed', ...reject },
          { target: 'validating', actions: 'takeReading' },
        ],
        onError: rejectBroken,
      },
      on: { 'close.requested': abort },
    },
    validating: {
      invoke: {
        src: 'validateDocument',
        input: ({ context: { epoch, candidate, degraded, unproven } }) => ({ epoch, candidate, degraded, unproven }),
        onDone: [
          // A newer document takes the transaction over, so that a storm costs one.
          {
            guard: and(['documentWaits', 'mayReplace']),
            target: 'validating',
            reenter: true,
            actions: 'replaceDocument',
          },
          { guard: 'invalid', ...reject },
          {
            guard: 'unchanged',
            target: 'resting.committed',
            actions: ['noteNotSuperseded', conclude('unchanged')],
          },
          { target: 'applying', actions: 'notePlan' },
        ],
        onError: rejectBroken,
      },
      on: { 'close.requested': abort },
    },
    applying,
    'rolling-back': {
      invoke: {
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
        src: 'closeModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: { target: 'closed' },
        onError: { target: 'closed', actions: 'reportBroken' },
      },
    },
    closed: { type: 'final' },
  },
})
