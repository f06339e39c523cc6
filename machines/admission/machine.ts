import { assign, not, setup } from 'xstate'
import { isNewer } from '../../src/model/revision.ts'
import type { AdmissionContext, AdmissionEvent } from './types.ts'

/** The number of changes in quick succession that starts a storm; people and pipelines rarely write that many. */
const MAX_BURST = 8
/** Changes that are closer together follow in quick succession, in milliseconds. */
const QUIET_MS = 20

/** Counts a change that is passed on now. The event says when: a timer for each change would cost as much as a reload. */
const burstWith = ({ burst, passedAt }: AdmissionContext, event: AdmissionEvent): number =>
  'at' in event && passedAt !== undefined && event.at - passedAt < QUIET_MS ? burst + 1 : 1

const admissionSetup = setup({
  types: { context: {} as AdmissionContext, events: {} as AdmissionEvent },
  actions: {
    /** Passes the newest candidate on; a placeholder. */
    deliver: () => {},
    /** Passes the newest candidate on even if it has been seen before; a placeholder. */
    deliverFrozen: () => {},
    /** A notification can overtake a read, so an older document of the same lineage never replaces the newest. */
    noteNewest: assign(({ context: { newest }, event }) => {
      if (!('candidate' in event)) return {}
      const { lineage, order } = event.candidate.revision
      const isOlder = lineage === newest?.revision.lineage && order < newest.revision.order
      return isOlder ? {} : { newest: event.candidate }
    }),
    noteWaiting: assign(({ context }) => ({ gathered: context.gathered + 1 })),
    /** Only a newer document is passed on. */
    notePassed: assign(({ context, event }) => ({
      newest: 'candidate' in event ? event.candidate : context.newest,
      gathered: 0,
      burst: burstWith(context, event),
      passedAt: 'at' in event ? event.at : context.passedAt,
    })),
    /** A window counts only if it gathered several changes: a writer that waits for each change is not a storm. */
    noteWindow: assign(({ context: { gathered, windows } }) => ({
      gathered: 0,
      windows: gathered > 1 ? windows + 1 : windows,
    })),
    noteQuiet: assign({ burst: 0, windows: 0 }),
    noteReleased: assign({ gathered: 0 }),
  },
  guards: {
    isBurst: ({ context, event }) => burstWith(context, event) >= MAX_BURST,
    isWaiting: ({ context }) => context.gathered > 0,
    isNewer: ({ context, event }) =>
      'candidate' in event && isNewer(event.candidate.revision, context.newest?.revision),
  },
  delays: {
    /** How long changes are gathered; the host derives it from `windows`; a placeholder. */
    window: 20,
  },
})

const pass = ['notePassed', 'deliver'] as const
// A known document may carry a later order, which makes older documents stale; it does not count as a change.
const passKnown = { guard: not('isNewer'), actions: ['noteNewest', 'deliver'] } as const
const gather = [{ guard: 'isNewer', actions: ['noteNewest', 'noteWaiting'] }, { actions: 'noteNewest' }] as const

/**
 * Makes the machine between the source and the reload machine: it passes single changes on at once, thins out a storm of changes,
 * and passes none on while changes are frozen.
 */
export const createAdmissionMachine = () =>
  admissionSetup.createMachine({
    id: 'admission',
    context: { newest: undefined, gathered: 0, burst: 0, passedAt: undefined, windows: 0 },
    initial: 'following',
    on: { 'document.read': { actions: 'noteNewest' }, 'close.requested': { target: '.closed' } },
    states: {
      following: {
        initial: 'calm',
        on: { 'freeze.requested': { target: 'frozen', actions: 'noteQuiet' } },
        states: {
          calm: {
            on: {
              'source.changed': [passKnown, { guard: 'isBurst', target: 'pacing', actions: pass }, { actions: pass }],
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
          // Includes a document that was passed on before: the freeze may have aborted it, or a revert replaced it.
          'unfreeze.requested': { target: 'following', actions: ['noteReleased', 'deliverFrozen'] },
        },
      },
      closed: { type: 'final' },
    },
  })
