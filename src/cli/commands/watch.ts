import { systemClock } from '../../api/clock.ts'
import { sleep } from '../../async/deadline.ts'
import type { DocumentStore, HeldDocument } from '../../history/document-store.ts'
import { type ChangeoverError, changeoverError, isChangeoverError } from '../../model/failure.ts'
import { SourceError } from '../../api/source.ts'
import type { Checker } from '../check/checker.ts'
import type { Context } from '../context/context.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { durationOf, usage } from '../target/flags.ts'
import type { Command } from '../context/command.ts'
import { withoutText } from './history.ts'
import { describeDiff } from '../publishing/publish-change.ts'

const RETRY_MS = 1_000

export const watch: Command = {
  name: 'watch',
  usage: '',
  summary: 'Shows changes as they come, until it is stopped. With --json, one object on each line.',
  flags: {
    for: { type: 'string', value: '60s', help: 'end after this time' },
    count: { type: 'string', value: 'N', help: 'end after so many changes' },
  },
  examples: [
    ['changeover watch', 'shows who changes what'],
    ['changeover watch --json --count 1', 'waits for one change, for a program'],
  ],
  run: async (context) => {
    context.atMost(0)
    const [store, checker] = [await context.store(), await context.checker()]
    const ended = new AbortController()
    const end = (): void => ended.abort()
    context.signal.addEventListener('abort', end)
    const given = context.text('for')
    const timer = given === undefined ? undefined : systemClock.setTimeout(end, durationOf('for', given))
    try {
      await follow(context, store, checker, ended)
    } finally {
      systemClock.clearTimeout(timer)
      context.signal.removeEventListener('abort', end)
      ended.abort()
    }
    return { exit: exitCodes.done }
  },
}

const follow = async (
  context: Context,
  store: DocumentStore,
  checker: Checker,
  { signal }: AbortController,
): Promise<void> => {
  let left = countOf(context)
  let last: HeldDocument | undefined
  const show = async (document: HeldDocument): Promise<void> => {
    if (last?.revision === document.revision) return
    await announce(context, store, checker, document, last)
    if (last !== undefined) left -= 1
    last = document
  }
  while (left > 0 && !signal.aborted) {
    try {
      for await (const document of store.watch(signal)) {
        if (signal.aborted) return
        await show(document)
        if (left === 0) return
      }
    } catch (error) {
      if (signal.aborted) return
      // The first failure is told; a watch that has shown something goes on by itself.
      const failed = namedError(error)
      if (last === undefined) throw failed
      context.out.note(`${failed.code}: ${failed.failures[0]?.message ?? ''}. Trying again.`)
    }
    await sleep(systemClock, RETRY_MS, signal)
  }
}

const countOf = (context: Context): number => {
  const given = context.text('count')
  if (given === undefined) return Number.POSITIVE_INFINITY
  if (!/^[1-9]\d{0,8}$/.test(given)) throw usage('--count must be a whole number of at least 1')
  return Number(given)
}

const announce = async (
  context: Context,
  store: DocumentStore,
  checker: Checker,
  document: HeldDocument,
  last: HeldDocument | undefined,
): Promise<void> => {
  const { entries, document: newest } = await store.history(context.signal, 1)
  const [entry] = entries
  const by =
    entry !== undefined && newest.revision === document.revision && entry.text === document.text ? entry : undefined
  const [before, after] = [await checker.parseLeniently(last?.text), await checker.parseLeniently(document.text)]
  const { revision } = document
  const diff = last === undefined ? undefined : checker.diff(before, after)
  const time = new Date(systemClock.now()).toISOString()
  const facts = {
    event: last === undefined ? 'current' : document.text === undefined ? 'missing' : 'changed',
    time,
    revision,
  }
  context.out.object('watch', {
    ...facts,
    ...(by === undefined ? {} : { entry: withoutText(by) }),
    ...(diff === undefined ? {} : { diff }),
  })
  const who = by === undefined ? '' : `  ${by.action} by ${by.author}${by.reason === '' ? '' : `: ${by.reason}`}`
  context.out.say(`${context.out.colours.faint(time)}  ${facts.event}  revision ${revision}${who}`)
  if (diff !== undefined && document.text !== undefined)
    context.out.say(describeDiff(context, diff, { revision, text: last?.text }, document.text))
}

const namedError = (error: unknown): ChangeoverError => {
  if (isChangeoverError(error)) return error
  if (error instanceof SourceError) return changeoverError(error.code, {}, error.cause)
  return changeoverError('source.failed', {}, error)
}
