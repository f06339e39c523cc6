import { assign, not, setup } from 'xstate'
import { isNewer } from '../../src/model/revision.ts'
import type { AdmissionContext, AdmissionEvent } from './types.ts'

/** Changes close to each other that pass at once: people and pipelines write a few, a storm writes many. */
const MAX_BURST = 8

const admissionSetup = setup({
  types: { context: {} as AdmissionContext, events: {} as AdmissionEvent },
  actions: {
    /** Hands the newest candidate on; a hole. */
    deliver: () => {},
    /** Hands the newest candidate on though it has been seen before; a hole. */
    deliverFrozen: () => {},
    /** A read answers what it found, and may be overtaken by what was told meanwhile: the newest never goes back. */
    noteNewest: assign(({ context: { newest }, event }) => {
      if (!('candidate' in event)) return {}
      const { lineage, order } = event.candidate.revision
      const isOlder = lineage === newest?.revision.lineage && order < newest.revision.order
      return isOlder ? {} : { newest: event.candidate }
    }),
    noteWaiting: assign(({ context }) => ({ gathered: context.gathered + 1 })),
    notePassed: assign(({ context }) => ({ gathered: 0, burst: context.burst + 1 })),
    /** Only where it has gathered some: one who waits for each of its changes to be done is no storm. */
    noteWindow: assign(({ context: { gathered, windows } }) => ({
      gathered: 0,
      windows: gathered > 1 ? windows + 1 : windows,
    })),
    noteQuiet: assign({ burst: 0, windows: 0 }),
    noteReleased: assign({ gathered: 0 }),
  },
  guards: {
    isBurst: ({ context }) => context.burst + 1 >= MAX_BURST,
    isWaiting: ({ context }) => context.gathered > 0,
    isNewer: ({ context, event }) =>
      'candidate' in event && isNewer(event.candidate.revision, context.newest?.revision),
  },
  delays: {
    /** How long the source must be quiet before it counts as calm again; a hole. */
    quiet: 20,
    /** How long changes are gathered, by `windows`; a hole. */
    window: 20,
  },
})

const pass = ['noteNewest', 'notePassed', 'deliver'] as const
// Its order may be later than the one known, which makes what is older stale; it is no change.
const passKnown = { guard: not('isNewer'), actions: ['noteNewest', 'deliver'] } as const
const gather = [{ guard: 'isNewer', actions: ['noteNewest', 'noteWaiting'] }, { actions: 'noteNewest' }] as const

/**
 * Stands between the source and the reload machine: lets a change through at once, gathers a storm of them into few,
 * and holds all of them while changes are frozen.
 */
export const admissionMachine = admissionSetup.createMachine({
  id: 'admission',
  context: { newest: undefined, gathered: 0, burst: 0, windows: 0 },
  initial: 'following',
  on: { 'document.read': { actions: 'noteNewest' }, 'close.requested': { target: '.closed' } },
  states: {
    following: {
      initial: 'calm',
      on: { 'freeze.requested': { target: 'frozen', actions: 'noteQuiet' } },
      states: {
        calm: { on: { 'source.changed': [passKnown, { target: 'busy', actions: pass }] } },
        busy: {
          after: { quiet: { target: 'calm', actions: 'noteQuiet' } },
          on: {
            'source.changed': [
              passKnown,
              { guard: 'isBurst', target: 'pacing', actions: pass },
              { target: 'busy', reenter: true, actions: pass },
            ],
          },
        },
        pacing: {
          after: {
            window: [
              { guard: 'isWaiting', target: 'pacing', reenter: true, actions: ['noteWindow', 'deliver'] },
              { target: 'calm', actions: 'noteQuiet' },
            ],
          },
          on: { 'source.changed': gather },
        },
      },
    },
    frozen: {
      on: {
        'source.changed': gather,
        // Also what was let through before: the freeze may have given it up, or a revert taken it back.
        'unfreeze.requested': { target: 'following', actions: ['noteReleased', 'deliverFrozen'] },
      },
    },
    closed: { type: 'final' },
  },
})
