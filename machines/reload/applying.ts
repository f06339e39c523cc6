import { and, not } from 'xstate'
import { conclude, end, reloadSetup } from './setup.ts'

const rollBack = { target: '#reload.rolling-back', actions: end('failed') } as const
const rollBackBroken = { target: '#reload.rolling-back', actions: ['reportBroken', end('failed')] } as const
const commit = { target: '#reload.resting.committed', actions: ['noteServed', conclude('committed')] } as const

/** All that follows a valid document: first what may fail or wait, then the one tick, then the proof. */
export const applying = reloadSetup.createStateConfig({
  initial: 'preparing',
  states: {
    preparing: {
      invoke: {
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
      },
    },
    // The actor's whole work is one synchronous function; the chart only records its verdict.
    committing: {
      entry: 'noteNotSuperseded',
      invoke: {
        src: 'commitModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [
          { guard: 'failed', ...rollBack },
          { guard: 'compensates', target: 'completing' },
          { guard: 'soaks', target: 'soaking' },
          commit,
        ],
        onError: rollBackBroken,
      },
    },
    completing: {
      invoke: {
        src: 'completeModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [{ guard: 'failed', ...rollBack }, { guard: 'soaks', target: 'soaking' }, commit],
        onError: rollBackBroken,
      },
    },
    soaking: {
      always: [
        { guard: 'closeWaits', target: '#reload.closing', actions: conclude('aborted') },
        {
          guard: and(['lastGoodWaits', 'hasServed']),
          target: '#reload.rolling-back',
          actions: end('superseded'),
        },
      ],
      invoke: {
        src: 'soakModules',
        input: ({ context }) => ({ epoch: context.epoch }),
        onDone: [
          // Nothing to return to: it keeps serving, is not promoted, and is checked again.
          {
            guard: and(['failed', not('hasServed')]),
            target: '#reload.resting.degraded',
            actions: ['noteUnproven', conclude('degraded')],
          },
          { guard: 'failed', ...rollBack },
          commit,
        ],
        onError: rollBackBroken,
      },
    },
  },
})
