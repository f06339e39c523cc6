import type { Checker } from '../check/checker.ts'
import type { Context } from '../context/context.ts'
import { NO_REVISION, type HeldDocument } from '../../history/document-store.ts'
import type { HistoryEntry } from '../../history/history-entry.ts'
import { failure } from '../../model/failure.ts'
import { DetailedError } from '../output/detailed-error.ts'
import { showDiff } from '../output/show-diff.ts'

/** Another change came first. It carries what this one would have overwritten. */
export class Conflict extends DetailedError {
  private constructor(revision: string, more: object, text: string) {
    super(failure('source.conflict', { revision }), more, text)
  }

  /** Compares what is there with what would have replaced it. */
  static async with(context: Context, checker: Checker, text: string, current: HeldDocument): Promise<Conflict> {
    const diff = checker.diff(await checker.parseLeniently(current.text), await checker.parseLeniently(text))
    const by = await writerOf(context)
    const { revision } = current
    const who =
      by === undefined ? '' : `, ${by.action} by ${by.author} at ${by.time}${by.reason === '' ? '' : `: ${by.reason}`}`
    const what =
      revision === NO_REVISION ? 'There is no document any more' : `The document is at revision ${revision}${who}`
    const overwritten = { revision, ...(by === undefined ? {} : { by }), diff }
    return new Conflict(
      revision,
      { overwritten },
      `${what}.\nThis would have been overwritten:\n${showDiff(diff, context.out.colours)}`,
    )
  }
}

/** Who wrote what is there, if the history knows. */
const writerOf = async (
  context: Context,
): Promise<Pick<HistoryEntry, 'number' | 'author' | 'time' | 'reason' | 'action'> | undefined> => {
  const store = await context.store()
  const { entries, isCurrent } = await store.history(context.signal, 1)
  const [newest] = entries
  if (newest === undefined || !isCurrent) return undefined
  const { number, author, time, reason, action } = newest
  return { number, author, time, reason, action }
}
