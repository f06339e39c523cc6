import { watchSetup } from './setup.ts'

const deliver = ['deliver', 'noteSeen'] as const

const readThenFollow = {
  id: 'readSource',
  src: 'readSource',
  onDone: [
    { guard: 'failed', target: 'backing-off', actions: 'noteFailure' },
    { target: 'following', actions: deliver },
  ],
  onError: { target: 'backing-off', actions: ['reportBroken', 'noteFailure'] },
} as const

/**
 * Keeps in step with a source, whatever kind it is: reads, watches from what it has read, and on any break backs off
 * and reads again. A watch is a doorbell: the truth is the read after each `watch.opened`, and the one on a timer.
 */
export const watchMachine = watchSetup.createMachine({
  id: 'watch',
  context: { seen: undefined, attempts: 0, compactions: 0, cause: undefined, readAgain: false },
  initial: 'connecting',
  on: { 'close.requested': { target: '.closed' } },
  states: {
    connecting: { invoke: readThenFollow },
    following: {
      initial: 'opening',
      invoke: {
        id: 'watchSource',
        src: 'watchSource',
        input: ({ context }) => ({ after: context.seen }),
        onError: { target: 'backing-off', actions: ['reportBroken', 'noteFailure'] },
      },
      // Counted from the stream's start: a source that keeps announcing changes is steady all the same.
      after: { steadyAfter: [{ guard: 'isHealthy', actions: 'noteSteady' }, {}] },
      on: {
        'watch.reported': [
          { guard: 'isForeign', target: '.re-reading' },
          { guard: 'isNewer', actions: deliver },
          { actions: 'noteSeen' },
        ],
        'watch.opened': { target: '.re-reading' },
        'watch.changed': { target: '.re-reading' },
        'watch.broke': [
          { guard: 'isFirstCompaction', target: 'compacted', actions: 'noteCompaction' },
          { target: 'backing-off', actions: 'noteFailure' },
        ],
      },
      states: {
        opening: {
          after: { openDeadline: { target: '#watch.backing-off', actions: 'noteSilent' } },
        },
        're-reading': {
          entry: 'beginRead',
          invoke: {
            id: 'readSource',
            src: 'readSource',
            onDone: [
              { guard: 'failed', target: '#watch.backing-off', actions: 'noteFailure' },
              // The store was wiped or restored: the stream follows a lineage that is no more.
              { guard: 'isForeign', target: '#watch.following', reenter: true, actions: deliver },
              { guard: 'readAgain', target: 're-reading', reenter: true, actions: deliver },
              { target: 'watching', actions: [...deliver, 'noteHealthy'] },
            ],
            onError: { target: '#watch.backing-off', actions: ['reportBroken', 'noteFailure'] },
          },
          on: {
            // A read that has begun may miss the change: it is let run, and another follows.
            'watch.opened': { actions: 'holdRead' },
            'watch.changed': { actions: 'holdRead' },
            'watch.reported': [
              { guard: 'isForeign', actions: 'holdRead' },
              { guard: 'isNewer', actions: deliver },
              { actions: 'noteSeen' },
            ],
          },
        },
        watching: {
          after: { reconcileInterval: { target: 're-reading' } },
        },
      },
    },
    compacted: { invoke: readThenFollow },
    'backing-off': {
      after: { backoff: { target: 'connecting' } },
    },
    closed: { type: 'final' },
  },
})
