import { systemClock } from '../../api/clock.ts'
import { boundedCall } from '../../async/bounded-call.ts'
import type { DocumentStore } from '../../history/document-store.ts'
import { changeoverError, isChangeoverError } from '../../model/failure.ts'
import type { Context } from '../context/context.ts'
import { durationOf } from '../target/flags.ts'

interface Published {
  readonly revision: string
  readonly number: number
  readonly text: string
}

/**
 * How long `--hold` watches the document, in milliseconds. It is asked before anything is written.
 *
 * @throws ChangeoverError `command.usage` for what is no time
 */
export const holdMsOf = (context: Context): number | undefined => {
  const given = context.text('hold')
  return given === undefined ? undefined : durationOf('hold', given)
}

/**
 * Watches the document for the time of `--hold`.
 *
 * @throws ChangeoverError `command.rolled-back`, `command.superseded`
 */
export const holdChange = async (
  context: Context,
  store: DocumentStore,
  published: Published,
  holdMs: number | undefined,
): Promise<void> => {
  if (holdMs === undefined) return
  await boundedCall(
    async (signal) => {
      try {
        for await (const { text } of store.watch(signal)) {
          if (signal.aborted) return
          if (text === published.text) continue
          throw await endOf(context, store, published)
        }
      } catch (error) {
        if (!signal.aborted || isChangeoverError(error)) throw error
      }
    },
    { clock: systemClock, limitMs: holdMs, parent: context.signal },
  )
}

const endOf = async (context: Context, store: DocumentStore, { number }: Published) => {
  const { entries, document } = await store.history(context.signal, 10)
  const next = entries.filter((entry) => entry.number > number).at(-1)
  const detail = next === undefined ? 'by something that keeps no history' : `entry ${next.number}, by ${next.author}`
  const code = next?.action === 'rollback' ? 'command.rolled-back' : 'command.superseded'
  return changeoverError(code, { detail, revision: document.revision })
}
