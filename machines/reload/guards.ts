import { isNewer } from '../../src/model/revision.ts'
import { candidateOf, verdictOf } from './events.ts'
import type { ReloadContext, ReloadEvent } from './types.ts'

/** A bound on replacing: a steady writer and a slow schema must not keep a transaction in `validating` for ever. */
const MAX_REPLACEMENTS = 3

/** True where the running transaction tries a document of the source: neither an earlier good one nor what serves. */
export const triesSource = ({ trigger, candidate }: ReloadContext): boolean =>
  candidate !== undefined && trigger !== 'restore' && trigger !== 'revert'

/**
 * True where the running transaction holds only once somebody has confirmed it. What a person asked for, or has proved
 * itself, needs nobody's word; nor does a first config, which has none before it.
 */
export const mustBeConfirmed = (context: ReloadContext): boolean =>
  context.confirms && context.hasServed && triesSource(context)

interface Asked {
  readonly context: ReloadContext
  readonly event: ReloadEvent
}

const isDegraded = ({ degraded, soakFailed }: ReloadContext): boolean => degraded.length > 0 || soakFailed

/** Every question that the chart asks. */
export const reloadGuards = {
  isNewer: ({ context, event }) => {
    const candidate = candidateOf(event)
    if (candidate === undefined) return false
    const { revision, wasFrozen } = candidate
    // Held back: the one seen last is taken too.
    const isSeen = revision.lineage === context.seen?.lineage && revision.name === context.seen.name
    return isNewer(revision, context.seen) || (wasFrozen === true && isSeen)
  },
  maySupersede: ({ context }) => !context.supersededBefore && context.trigger !== 'restore',
  lastKnownGoodWaits: ({ context }) => context.waiting.candidate?.isLastKnownGood === true,
  revertWaits: ({ context }) => context.waiting.revert !== undefined,
  closeWaits: ({ context }) => context.waiting.close,
  readWaits: ({ context }) => context.waiting.read,
  documentWaits: ({ context }) => context.waiting.candidate !== undefined,
  mayReplace: ({ context }) => triesSource(context) && context.replacements < MAX_REPLACEMENTS,
  triesSource: ({ context }) => triesSource(context),
  isDegraded: ({ context }) => isDegraded(context),
  hasServed: ({ context }) => context.hasServed,
  hasUntried: ({ context }) => context.untried !== undefined,
  waitsForModule: ({ context }) => context.untried?.until === 'settled',
  retryWaits: ({ context }) => context.untried !== undefined && context.due === 'released',
  repairWaits: ({ context }) => context.untried?.until === 'settled' && context.due === 'settled',
  compensates: ({ context }) => context.compensates,
  journals: ({ context, event }) => {
    const verdict = verdictOf(event)
    return context.persists && verdict?.kind === 'valid' && verdict.isAttempt === true
  },
  // What has been good before serves at start without a proof.
  soaks: ({ context }) => context.soaks && context.trigger !== 'restore',
  confirms: ({ context }) => mustBeConfirmed(context),
  unconfirmed: ({ context }) => mustBeConfirmed(context) && !context.isConfirmed,
  promotes: ({ context }) => context.persists && context.trigger !== 'restore',
  failed: ({ event }) => verdictOf(event)?.kind === 'failed',
  invalid: ({ event }) => verdictOf(event)?.kind === 'invalid',
  quarantined: ({ event }) => {
    const verdict = verdictOf(event)
    return verdict?.kind === 'invalid' && verdict.isQuarantined === true
  },
  // A reload asks for a repair too. What waits has its turn first, and repairs likewise.
  repairsInstead: ({ context }) => {
    const { revert, read, candidate } = context.waiting
    const isAlone = revert === undefined && !read && candidate === undefined
    return context.trigger === 'reload' && isDegraded(context) && isAlone
  },
  unchanged: ({ event }) => verdictOf(event)?.kind === 'unchanged',
  leftDegraded: ({ event }) => {
    const verdict = verdictOf(event)
    return verdict !== undefined && 'degraded' in verdict && verdict.degraded.length > 0
  },
  superseded: ({ context }) => context.ending === 'superseded',
  aborted: ({ context }) => context.ending === 'aborted',
} satisfies Record<string, (asked: Asked) => boolean>
