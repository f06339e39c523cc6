import type {
  ActionName,
  ChartState,
  Charts,
  Hello,
  InspectedTransaction,
  ReportedFailure,
  TransactionHead,
  WireEvents,
} from '../../stream/protocol.ts'
import type { MachineName } from '../../../api/machine-state.ts'

export type Status = Hello['status']

/** Whether the page hears from the service. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Tries again by itself. */
  | { readonly kind: 'lost'; readonly since: number }
  /** The session has ended, so this address is of no use any more. */
  | { readonly kind: 'gone' }
  /** The service said that it ends. */
  | { readonly kind: 'ended'; readonly reason: WireEvents['bye']['reason']; readonly at: number }

/** All that the page knows. Each part is replaced, never changed, so that what is the same object need not be drawn again. */
export interface Model {
  readonly link: Link
  readonly status?: Status
  readonly charts: Charts
  /** Oldest first. */
  readonly heads: readonly TransactionHead[]
  /** The whole of those that were opened or seen live, by id. */
  readonly details: ReadonlyMap<string, InspectedTransaction>
  /** The opened one; undefined follows the newest. */
  readonly chosen?: string
  /** Newest last. */
  readonly reported: readonly ReportedFailure[]
  readonly actions: readonly ActionName[]
  readonly csrf: string
  /** When what serves and what the source has began to be, or not to be, the same. */
  readonly syncSince?: number
}

const MAX_HEADS = 200
const MAX_REPORTED = 50

export const initial: Model = {
  link: { kind: 'connecting' },
  charts: {},
  heads: [],
  details: new Map(),
  reported: [],
  actions: [],
  csrf: '',
}

/** The row of a whole transaction. */
const headOf = (whole: InspectedTransaction): TransactionHead => {
  const { id, epoch, trigger, revision, startedAt, outcome, durationMs, changes, failure } = whole
  return {
    id,
    epoch,
    trigger,
    startedAt,
    outcome,
    changes,
    ...(revision === undefined ? {} : { revision }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(failure === undefined ? {} : { failure }),
  }
}

const sameHead = (a: TransactionHead | undefined, b: TransactionHead): boolean =>
  a !== undefined &&
  a.outcome === b.outcome &&
  a.durationMs === b.durationMs &&
  a.changes === b.changes &&
  a.revision?.name === b.revision?.name

/** Everything anew, but for what somebody has opened. */
export const onHello = (model: Model, hello: Hello): Model => {
  const { status, charts, transactions, current, reported, actions, csrf } = hello
  const ids = new Set(transactions.map(({ id }) => id))
  const chosen = model.chosen !== undefined && ids.has(model.chosen) ? model.chosen : undefined
  const before = chosen === undefined ? undefined : model.details.get(chosen)
  const details = new Map<string, InspectedTransaction>()
  // One that was running when the link broke has to be fetched anew.
  if (before !== undefined && before.outcome !== 'running') details.set(before.id, before)
  if (current !== undefined) details.set(current.id, current)
  return {
    link: { kind: 'live' },
    status,
    charts,
    heads: transactions,
    details,
    reported,
    actions,
    csrf,
    syncSince: syncSinceOf(status),
    ...(chosen === undefined ? {} : { chosen }),
  }
}

/** The best that can be said of a time before the page was opened. */
const syncSinceOf = ({ inSync, since, source, last }: Status): number => {
  if (!inSync) return source.since
  const settled = last?.outcome === 'committed' || last?.outcome === 'unchanged'
  return settled ? last.startedAt + last.durationMs : since
}

export const onStatus = (model: Model, status: Status, at: number): Model => {
  const turned = model.status?.inSync !== status.inSync
  return { ...model, status, ...(turned ? { syncSince: at } : {}) }
}

export const onState = (model: Model, state: ChartState<MachineName>): Model => ({
  ...model,
  charts: { ...model.charts, [state.machine]: state },
})

export const onTransaction = (model: Model, whole: InspectedTransaction): Model => {
  const details = new Map(model.details)
  details.set(whole.id, whole)
  const head = headOf(whole)
  const index = model.heads.findLastIndex(({ id }) => id === whole.id)
  let heads = model.heads
  if (index < 0) heads = [...heads, head].slice(-MAX_HEADS)
  else if (!sameHead(heads[index], head)) heads = heads.with(index, head)
  if (index < 0) {
    const ids = new Set(heads.map(({ id }) => id))
    for (const id of details.keys()) if (!ids.has(id)) details.delete(id)
  }
  return { ...model, heads, details }
}

/** The whole of one that was asked for; what has come live meanwhile is newer. */
export const onFetched = (model: Model, whole: InspectedTransaction): Model =>
  model.details.has(whole.id) ? model : { ...model, details: new Map(model.details).set(whole.id, whole) }

export const onReported = (model: Model, failure: ReportedFailure): Model => ({
  ...model,
  reported: [...model.reported, failure].slice(-MAX_REPORTED),
})

export const choose = (model: Model, id: string | undefined): Model => {
  const { chosen: _, ...rest } = model
  return id === undefined ? rest : { ...rest, chosen: id }
}

/** The id of the transaction that is shown. */
export const shownId = ({ chosen, heads }: Model): string | undefined => chosen ?? heads.at(-1)?.id
