import { withDeadline } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import type { InspectedParts } from '../api/internal/inspected.ts'
import { ChangeoverError, type Failure, failure, isChangeoverError } from '../model/failure.ts'
import type { Outcome } from '../model/record.ts'
import { HttpError } from './http/http-errors.ts'
import { type JsonBody, readTextField } from './http/json-body.ts'
import type { ActionName, ActionResult, RevertPreview } from './stream/protocol.ts'
import { truncateValues } from './stream/transaction-history.ts'

/** How long a response waits for its action. */
const RESPONSE_MS = 10_000

const whoOf = (body: JsonBody) => (body.by === undefined ? {} : { by: readTextField(body, 'by') })

/** The arguments with which each action calls the reloader's method of the same name. */
const argumentsOf: Readonly<Record<ActionName, (body: JsonBody) => readonly unknown[]>> = {
  reload: () => [],
  retry: () => [],
  release: (body) => [body.digest === undefined ? {} : { digest: readTextField(body, 'digest') }],
  revert: (body) => [{ ...(body.to === undefined ? {} : { to: readTextField(body, 'to') }), ...whoOf(body) }],
  freeze: (body) => [readTextField(body, 'reason'), whoOf(body)],
  unfreeze: () => [],
  confirm: (body) => [readTextField(body, 'transaction')],
}

/** Lists the actions for which the reloader has a method. */
export const availableActions = (reloader: object): readonly ActionName[] =>
  (Object.keys(argumentsOf) as ActionName[]).filter((name) => typeof findMethod(reloader, name) === 'function')

const findMethod = (reloader: object, name: ActionName): unknown =>
  (reloader as Readonly<Record<string, unknown>>)[name]

export const isActionName = (name: string): name is ActionName => Object.hasOwn(argumentsOf, name)

/** Runs an action, and resolves when it has finished or has taken ten seconds. */
export const runAction = async (
  reloader: object,
  name: ActionName,
  body: JsonBody,
  clock: Clock,
): Promise<{ readonly status: number; readonly result: ActionResult }> => {
  const method = findMethod(reloader, name)
  if (typeof method !== 'function') throw new HttpError('inspector.not-found')
  const call = (): unknown => Reflect.apply(method, reloader, argumentsOf[name](body))
  const ended = await withDeadline(call, { clock, deadlineMs: RESPONSE_MS, graceMs: 0 }).result
  if (ended.kind === 'done') return { status: 200, result: { ok: true, ...summarizeRecord(ended.value) } }
  if (ended.kind !== 'failed') return { status: 202, result: { ok: true, pending: true } }
  if (ended.error instanceof HttpError) throw ended.error
  return { status: 409, result: { ok: false, failure: shownFailure(ended.error) } }
}

/** Only our own errors are known to hold no config value. */
const shownFailure = (error: unknown) => {
  const failures = isChangeoverError(error) ? error.failures : []
  const { code, message, hint } = failures[0] ?? failure('internal.error', {}, error)
  return { code, message, hint }
}

/** Works out what a revert would change. */
export const previewRevert = async (
  planRevert: InspectedParts['planRevert'],
  digest: string,
): Promise<{ readonly status: number; readonly result: RevertPreview }> => {
  try {
    const report = await planRevert(digest)
    if (report.verdict === 'rejected') throw refusalOf(report.failures)
    const modules = report.modules.map(({ module }) => module)
    return { status: 200, result: { ok: true, modules, diff: truncateValues(report.diff) } }
  } catch (error) {
    return { status: 409, result: { ok: false, failure: shownFailure(error) } }
  }
}

const refusalOf = ([first, ...rest]: readonly Failure[]): Error =>
  first === undefined ? new Error('A rejection without a failure') : new ChangeoverError(first, rest)

const summarizeRecord = (value: unknown): { readonly outcome?: Outcome; readonly transaction?: string } => {
  const { outcome, id } = (value ?? {}) as { readonly outcome?: unknown; readonly id?: unknown }
  return typeof outcome === 'string' && typeof id === 'string' ? { outcome: outcome as Outcome, transaction: id } : {}
}
