import { watchSetup } from './setup.ts'

const deliver = ['deliver', 'noteSeen'] as const

const readThenFollow = {
  entry: 'readSource',
  exit: 'stopWork',
  on: {
    'xstate.done.actor.readSource': [
      { guard: 'failed', target: 'backing-off', actions: 'noteFailure' },
      { target: 'following', actions: deliver },
    ],
    'xstate.error.actor.readSource': { target: 'backing-off', actions: ['reportBroken', 'noteFailure'] },
  },
} as const

/**
 * Makes the machine that follows a source of any kind: it reads it, watches from the revision it has read, and backs off
 * and reads again after any failure. The watch only speeds things up: the reads after each `watch.opened` and on a timer
 * are authoritative.
 */
export const createWatchMachine = () =>
  watchSetup.createMachine({
    id: 'watch',
    context: { seen: undefined, attempts: 0, compactions: 0, cause: undefined, readAgain: false },
    initial: 'connecting',
    on: { 'close.requested': { target: '.closed' } },
    states: {
      connecting: readThenFollow,
      following: {
        initial: 'opening',
        invoke: {
          id: 'watchSource',
          src: 'watchSource',
          input: ({ context }) => ({ after: context.seen }),
          onError: { target: 'backing-off', actions: ['reportBroken', 'noteFailure'] },
        },
        // Measured from the start of the stream: a source that announces changes all the time is steady too.
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
          opening: { after: { openDeadline: { target: '#watch.backing-off', actions: 'noteSilent' } } },
          're-reading': {
            entry: ['beginRead', 'readSource'],
            exit: 'stopWork',
            on: {
              'xstate.done.actor.readSource': [
                { guard: 'failed', target: '#watch.backing-off', actions: 'noteFailure' },
                // The store was wiped or restored: the stream follows a lineage that no longer exists.
                { guard: 'isForeign', target: '#watch.following', reenter: true, actions: deliver },
                { guard: 'readAgain', target: 're-reading', reenter: true, actions: deliver },
                { target: 'watching', actions: [...deliver, 'noteHealthy'] },
              ],
              'xstate.error.actor.readSource': {
                target: '#watch.backing-off',
                actions: ['reportBroken', 'noteFailure'],
              },
              // The running read may miss the change, so it finishes and another one follows.
              'watch.opened': { actions: 'queueRead' },
              'watch.changed': { actions: 'queueRead' },
              'watch.reported': [
                { guard: 'isForeign', actions: 'queueRead' },
                { guard: 'isNewer', actions: deliver },
                { actions: 'noteSeen' },
              ],
            },
          },
          watching: { after: { reconcileInterval: { target: 're-reading' } } },
        },
      },
      compacted: readThenFollow,
      'backing-off': { after: { backoff: { target: 'connecting' } } },
      closed: { type: 'final' },
    },
  })
