import { isNewer } from '../../src/model/revision.ts'
import { candidateOf, verdictOf } from './events.ts'
import type { ReloadContext, ReloadEvent } from './types.ts'

/** Bounds replacements: a steady writer and a slow schema must not keep a transaction in `validating` forever. */
const MAX_REPLACEMENTS = 3

/** Returns true if the transaction tries a document of the source, not an earlier good one or the one that serves. */
export const triesSource = ({ trigger, candidate }: Pick<ReloadContext, 'trigger' | 'candidate'>): boolean =>
  candidate !== undefined && trigger !== 'restore' && trigger !== 'revert'

/** Returns true if the transaction tries what the source holds: a document on trial is not there yet. */
export const followsSource = (transaction: Pick<ReloadContext, 'trigger' | 'candidate'>): boolean =>
  triesSource(transaction) && transaction.trigger !== 'trial'

/** Returns true if the document of the running transaction is on trial, and has not been promoted. */
const isOnTrial = ({ trigger, isConfirmed }: ReloadContext): boolean => trigger === 'trial' && !isConfirmed

/**
 * Returns true if the running transaction must be confirmed. Reverts, restores and plain repairs apply a config
 * that was accepted before, and the first config has no predecessor: these need no confirmation.
 */
export const mustBeConfirmed = (context: ReloadContext): boolean =>
  context.confirms && context.hasServed && followsSource(context)

interface GuardArgs {
  readonly context: ReloadContext
  readonly event: ReloadEvent
}

/** A first config that failed its soak serves too. */
const serves = ({ hasServed, soakFailed }: ReloadContext): boolean => hasServed || soakFailed

const isDegraded = ({ degraded, soakFailed }: ReloadContext): boolean => degraded.length > 0 || soakFailed

/** The guards of the reload machine, by name. */
export const reloadGuards = {
  isNewer: ({ context, event }) => {
    const candidate = candidateOf(event)
    if (candidate === undefined) return false
    const { revision, isRepeated } = candidate
    // The freeze may have aborted the newest document, so that one is accepted again.
    const isSeen = revision.lineage === context.seen?.lineage && revision.name === context.seen.name
    return isNewer(revision, context.seen) || (isRepeated === true && isSeen)
  },
  maySupersede: ({ context: { trigger, supersededEpoch, epoch } }) =>
    trigger === 'trial' || (supersededEpoch !== epoch - 1 && trigger !== 'restore'),
  // A document that would only be rejected must not end what serves.
  newerWaits: ({ context: { waiting } }) => waiting.candidate !== undefined && waiting.candidate.cannotServe !== true,
  supersedesSoak: ({ context }) =>
    isOnTrial(context) || (context.supersedesSoak === true && context.hasServed && triesSource(context)),
  onTrial: ({ context }) => isOnTrial(context),
  triesTrial: ({ context }) => context.trigger === 'trial',
  isWithdrawn: ({ context }) => context.isWithdrawn,
  trialWaits: ({ context }) => context.waiting.trial !== undefined && context.hasServed,
  lastKnownGoodWaits: ({ context }) => context.waiting.candidate?.isLastKnownGood === true,
  revertWaits: ({ context }) => context.waiting.revert !== undefined,
  closeWaits: ({ context }) => context.waiting.close,
  readWaits: ({ context }) => context.waiting.read,
  secretWaits: ({ context }) => context.waiting.secret,
  documentWaits: ({ context }) => context.waiting.candidate !== undefined,
  mayReplace: ({ context }) => followsSource(context) && context.replacements < MAX_REPLACEMENTS,
  triesSource: ({ context }) => triesSource(context),
  isDegraded: ({ context }) => isDegraded(context),
  hasServed: ({ context }) => context.hasServed,
  serves: ({ context }) => serves(context),
  hasUntried: ({ context }) => context.untried !== undefined,
  waitsForModule: ({ context }) => context.untried?.until === 'settled',
  retryWaits: ({ context: { untried, due } }) => untried !== undefined && (due === 'released' || due === 'expired'),
  repairWaits: ({ context }) => context.untried?.until === 'settled' && context.due === 'settled',
  compensates: ({ event }) => {
    const verdict = verdictOf(event)
    return verdict !== undefined && 'compensates' in verdict && verdict.compensates === true
  },
  journals: ({ context, event }) => {
    const verdict = verdictOf(event)
    return context.persists && verdict?.kind === 'valid' && verdict.isAttempt === true
  },
  // A restored config has already passed its soak in an earlier run.
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
  unchanged: ({ event }) => verdictOf(event)?.kind === 'unchanged',
  leftDegraded: ({ event }) => {
    const verdict = verdictOf(event)
    return verdict !== undefined && 'degraded' in verdict && verdict.degraded.length > 0
  },
  superseded: ({ context }) => context.ending === 'superseded',
  aborted: ({ context }) => context.ending === 'aborted',
} satisfies Record<string, (args: GuardArgs) => boolean>
