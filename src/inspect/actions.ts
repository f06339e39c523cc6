import { withDeadline } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import { failure, isChangeoverError } from '../model/failure.ts'
import type { Outcome } from '../model/record.ts'
import { HttpError } from './http/http-errors.ts'
import { type JsonBody, readTextField } from './http/json-body.ts'
import type { ActionName, ActionResult } from './stream/protocol.ts'

/** How long a response waits for its action. */
const RESPONSE_MS = 10_000

type Method = (...inputs: unknown[]) => unknown

/** How each action calls the reloader's method of the same name. */
const calls: Readonly<Record<ActionName, (method: Method, body: JsonBody) => unknown>> = {
  reload: (method) => method(),
  retry: (method) => method(),
  release: (method, body) => method(body.digest === undefined ? {} : { digest: readTextField(body, 'digest') }),
  revert: (method, body) => method(body.to === undefined ? {} : { to: readTextField(body, 'to') }),
  freeze: (method, body) => method(readTextField(body, 'reason')),
  unfreeze: (method) => method(),
  confirm: (method, body) => method(readTextField(body, 'transaction')),
}

/** Lists the actions for which the reloader has a method. */
export const availableActions = (reloader: object): readonly ActionName[] =>
  (Object.keys(calls) as ActionName[]).filter((name) => typeof findMethod(reloader, name) === 'function')

const findMethod = (reloader: object, name: ActionName): unknown =>
  (reloader as Readonly<Record<string, unknown>>)[name]

export const isActionName = (name: string): name is ActionName => Object.hasOwn(calls, name)

/** Runs an action, and resolves when it has finished or has taken ten seconds. */
export const runAction = async (
  reloader: object,
  name: ActionName,
  body: JsonBody,
  clock: Clock,
): Promise<{ readonly status: number; readonly result: ActionResult }> => {
  const method = findMethod(reloader, name)
  if (typeof method !== 'function') throw new HttpError('inspector.not-found')
  const call = calls[name]
  const bound = (...inputs: unknown[]): unknown => Reflect.apply(method, reloader, inputs)
  const ended = await withDeadline(() => call(bound, body), { clock, deadlineMs: RESPONSE_MS, graceMs: 0 }).result
  if (ended.kind === 'done') return { status: 200, result: { ok: true, ...summarizeRecord(ended.value) } }
  if (ended.kind !== 'failed') return { status: 202, result: { ok: true, pending: true } }
  if (ended.error instanceof HttpError) throw ended.error
  // Only our own errors are known to hold no config value.
  const failures = isChangeoverError(ended.error) ? ended.error.failures : []
  const { code, message, hint } = failures[0] ?? failure('internal.error', {}, ended.error)
  return { status: 409, result: { ok: false, failure: { code, message, hint } } }
}

const summarizeRecord = (value: unknown): { readonly outcome?: Outcome; readonly transaction?: string } => {
  const { outcome, id } = (value ?? {}) as { readonly outcome?: unknown; readonly id?: unknown }
  return typeof outcome === 'string' && typeof id === 'string' ? { outcome: outcome as Outcome, transaction: id } : {}
}
