import { withDeadline } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import { failure, isChangeoverError } from '../model/failure.ts'
import type { Outcome } from '../model/record.ts'
import { Refusal } from './http/http-errors.ts'
import type { ActionAnswer, ActionName } from './stream/protocol.ts'

/** How long an answer waits for its action. */
const ANSWER_MS = 10_000
const MAX_TEXT = 200

type Body = Readonly<Record<string, unknown>>
type Call = (method: (...inputs: unknown[]) => unknown, body: Body) => unknown

/** How each action calls the method of its name. */
const calls: Readonly<Record<ActionName, Call>> = {
  reload: (method) => method(),
  retry: (method) => method(),
  release: (method, { digest }) => method(digest === undefined ? {} : { digest: text(digest) }),
  revert: (method, { to }) => method(to === undefined ? {} : { to: text(to) }),
  freeze: (method, { reason }) => method(text(reason)),
  unfreeze: (method) => method(),
  confirm: (method, { transaction }) => method(text(transaction)),
}

/** The actions that a reloader has. */
export const actionsOf = (reloader: object): readonly ActionName[] =>
  (Object.keys(calls) as ActionName[]).filter((name) => typeof methodOf(reloader, name) === 'function')

const methodOf = (reloader: object, name: ActionName): unknown => (reloader as Readonly<Record<string, unknown>>)[name]

export const isAction = (name: string): name is ActionName => Object.hasOwn(calls, name)

/** Does what was asked, and answers when it is done or has taken long. */
export const act = async (
  reloader: object,
  name: ActionName,
  body: Body,
  clock: Clock,
): Promise<{ readonly status: number; readonly answer: ActionAnswer }> => {
  const method = methodOf(reloader, name)
  if (typeof method !== 'function') throw new Refusal('inspector.not-found')
  const call = calls[name]
  const bound = (...inputs: unknown[]): unknown => Reflect.apply(method, reloader, inputs)
  const ended = await withDeadline(() => call(bound, body), { clock, deadlineMs: ANSWER_MS, graceMs: 0 }).result
  if (ended.kind === 'done') return { status: 200, answer: { ok: true, ...recordOf(ended.value) } }
  if (ended.kind !== 'failed') return { status: 202, answer: { ok: true, pending: true } }
  if (ended.error instanceof Refusal) throw ended.error
  // Only errors of our own are known to hold no config value.
  const failures = isChangeoverError(ended.error) ? ended.error.failures : []
  const { code, message, hint } = failures[0] ?? failure('internal.error', {}, ended.error)
  return { status: 409, answer: { ok: false, failure: { code, message, hint } } }
}

const recordOf = (value: unknown): { readonly outcome?: Outcome; readonly transaction?: string } => {
  const { outcome, id } = (value ?? {}) as { readonly outcome?: unknown; readonly id?: unknown }
  return typeof outcome === 'string' && typeof id === 'string' ? { outcome: outcome as Outcome, transaction: id } : {}
}

const text = (value: unknown): string => {
  const isText = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_TEXT
  if (!isText) throw new Refusal('inspector.bad-request')
  return value
}
