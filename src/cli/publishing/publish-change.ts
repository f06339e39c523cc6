import type { Context } from '../context/context.ts'
import type { Checker } from '../check/checker.ts'
import type { Change, HeldDocument, Written } from '../../history/document-store.ts'
import type { Diff } from '../../model/data/diff.ts'
import { type ChangeoverError, isChangeoverError } from '../../model/failure.ts'
import { exitCodes } from '../output/exit-codes.ts'
import type { Outcome } from '../output/output.ts'
import { showDiff } from '../output/show-diff.ts'
import { usage } from '../target/flags.ts'
import { confirm } from '../context/ask.ts'
import { authorOf, reasonOf } from '../context/author.ts'
import { withFleet } from '../fleet/open-fleet.ts'
import { hiddenChanges } from '../fleet/override.ts'
import { preflight } from '../fleet/preflight.ts'
import { quorumOf } from '../fleet/proof.ts'
import { provedOutcome } from '../fleet/status.ts'
import { waitForProof } from '../fleet/wait-for-proof.ts'
import { Conflict } from './conflict.ts'
import { holdChange, holdMsOf } from './hold.ts'

/** A change that a command wants to publish. */
export interface Publication {
  readonly checker: Checker
  /** What is there, as the command has read it. */
  readonly document: HeldDocument
  readonly text: string
  readonly action: 'publish' | 'rollback'
  readonly to?: number
  /** The revision that is replaced, if a flag or a plan has named it: then nobody is asked. */
  readonly named?: string | undefined
  /** True if nobody needs to be asked when there is no terminal, since the command itself says what changes. */
  readonly isExplicit?: boolean
  /** The reason, if no flag gives one. */
  readonly reason?: string
  readonly author?: string
  /** How the change is written, if not at once. Then it was held before. */
  readonly write?: (change: Change) => Promise<Written>
}

/** The revision that `--if-revision` names. */
export const namedRevision = (context: Context): string | undefined => {
  const revision = context.text('if-revision')
  if (revision === '' || (revision !== undefined && !/^[\da-z]+$/i.test(revision))) {
    throw usage('--if-revision must be the name of a revision: changeover get shows it')
  }
  return revision
}

/** Checks the change, shows it, asks if need be, and writes document and history in one step. */
export const publishChange = async (context: Context, publication: Publication): Promise<Outcome> => {
  const { checker, document, text, named } = publication
  const quorum = quorumOf(context.text('for') ?? 'all')
  if (context.text('for') !== undefined && context.flags.wait !== true) throw usage('--for needs --wait')
  const holdMs = publication.write === undefined ? holdMsOf(context) : undefined
  const store = await context.store()
  const { notes: checked, diff, before, data } = await preview(context, publication)
  if (named !== undefined && named !== document.revision) throw await Conflict.with(context, checker, text, document)
  if (text === document.text) {
    context.out.say('Nothing to do: the document is the same.')
    return { exit: exitCodes.done, json: { isChanged: false, target: store.place, revision: document.revision, diff } }
  }
  const hidden = await hiddenChanges(context, before, data)
  for (const note of hidden) context.out.note(note)
  const notes = [...checked, ...hidden]
  if (context.flags.preflight === true) await preflight(context, text)
  if (named === undefined) await ask(context, publication, store.place)
  const { action, to } = publication
  const change = {
    text,
    ifRevision: document.revision,
    author: (context.text('author') === undefined ? publication.author : undefined) ?? (await authorOf(context)),
    reason: reasonOf(context) || (publication.reason ?? ''),
    action,
    ...(to === undefined ? {} : { to }),
  }
  try {
    const written = await (publication.write?.(change) ?? store.write(change, context.signal))
    context.out.say(`Published revision ${written.revision} as entry ${written.number} of the history.`)
    await holdChange(context, store, { ...written, text }, holdMs)
    if (context.flags.wait === true) {
      await withFleet(context, async (fleet) => {
        provedOutcome(
          context,
          fleet.place,
          written.revision,
          await waitForProof(context, fleet, written.revision, quorum),
        )
      })
    }
    return { exit: exitCodes.done, json: { isChanged: true, target: store.place, ...written, diff, notes } }
  } catch (error) {
    if (!isConflict(error)) throw error
    throw await Conflict.with(context, checker, text, await store.read(context.signal))
  }
}

const isConflict = (error: unknown): error is ChangeoverError =>
  isChangeoverError(error) && error.code === 'source.conflict'

interface Preview {
  readonly notes: readonly string[]
  readonly diff: Diff
  readonly before: unknown
  readonly data: unknown
}

/** Checks a change, and shows it. */
export const preview = async (
  context: Context,
  { checker, document, text }: Pick<Publication, 'checker' | 'document' | 'text'>,
): Promise<Preview> => {
  const { data, notes } = await checker.check(text, document.text)
  const before = await checker.parseLeniently(document.text)
  const diff = checker.diff(before, data)
  context.out.say(describeDiff(context, diff, document, text))
  for (const note of notes) context.out.say(`  ${note}`)
  return { notes, diff, before, data }
}

/** The differences, in words for those that are none of the data. */
export const describeDiff = ({ out }: Context, diff: Diff, document: HeldDocument, text: string): string => {
  if (diff.count > 0) return showDiff(diff, out.colours)
  return document.text === text ? '' : '  only comments or spaces differ'
}

const ask = async (context: Context, { isExplicit, document }: Publication, place: string): Promise<void> => {
  const isAsked = isExplicit !== true || context.canAnswer
  const what = document.revision === '0' ? 'Create it' : `Replace revision ${document.revision}`
  if (isAsked) await confirm(context, `${what} in ${place}?`)
}
