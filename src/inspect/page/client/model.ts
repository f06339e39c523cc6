import type {
  ActionName,
  EndReason,
  Hello,
  InspectedTransaction,
  MachineName,
  MachineState,
  MachineStates,
  ReportedFailure,
  TransactionSummary,
} from '../../stream/protocol.ts'

export type Status = Hello['status']

/** The page's connection to the service. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** The page reconnects by itself. */
  | { readonly kind: 'lost'; readonly since: number }
  /** The session has ended, so this address no longer works. */
  | { readonly kind: 'expired' }
  /** The service ended the stream. */
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly at: number }

/** Everything that the page knows. Parts are replaced, never mutated: the same object need not be drawn again. */
export interface Model {
  readonly connection: Connection
  readonly service?: Hello['service']
  readonly status?: Status
  readonly holds?: Hello['holds']
  readonly config?: Hello['config']
  readonly machines: MachineStates
  /** Oldest first. */
  readonly summaries: readonly TransactionSummary[]
  /** The transactions that were opened or seen live, by id. */
  readonly details: ReadonlyMap<string, InspectedTransaction>
  /** The opened transaction; undefined follows the newest. */
  readonly selectedId?: string | undefined
  /** Newest last. */
  readonly reported: readonly ReportedFailure[]
  readonly actions: readonly ActionName[]
  readonly csrfToken: string
  /** When the serving config and the source last became equal or different. */
  readonly syncSince?: number
}

const MAX_SUMMARIES = 200
const MAX_REPORTED = 50

export const initial: Model = {
  connection: { kind: 'connecting' },
  machines: {},
  summaries: [],
  details: new Map(),
  reported: [],
  actions: [],
  csrfToken: '',
}

/** Replaces everything but the user's selection. */
export const onHello = (model: Model, { transactions, current, now: _, ...known }: Hello): Model => {
  const selectedId = transactions.find(({ id }) => id === model.selectedId)?.id
  const selected = model.details.get(selectedId ?? '')
  const details = new Map<string, InspectedTransaction>()
  // A transaction that was running when the connection broke must be fetched again.
  if (selected !== undefined && selected.outcome !== 'running') details.set(selected.id, selected)
  if (current !== undefined) details.set(current.id, current)
  const syncSince = estimateSyncSince(known.status)
  return { ...known, connection: { kind: 'live' }, summaries: transactions, details, syncSince, selectedId }
}

/** Estimates a time that lies before the page was opened. */
const estimateSyncSince = ({ inSync, since, source, last }: Status): number => {
  if (!inSync) return source.since
  const isSettled = last?.outcome === 'committed' || last?.outcome === 'unchanged'
  return isSettled ? last.startedAt + last.durationMs : since
}

export const onStatus = (model: Model, status: Status, at: number): Model => {
  const hasTurned = model.status?.inSync !== status.inSync
  return { ...model, status, ...(hasTurned ? { syncSince: at } : {}) }
}

export const onState = (model: Model, state: MachineState<MachineName>): Model => ({
  ...model,
  machines: { ...model.machines, [state.machine]: state },
})

export const onTransaction = (model: Model, transaction: InspectedTransaction): Model => {
  const details = new Map(model.details).set(transaction.id, transaction)
  const { digest, plannedMs, modules, diff, failures, degraded, supersededBy, ...summary } = transaction
  const index = model.summaries.findLastIndex(({ id }) => id === transaction.id)
  if (index < 0) {
    const summaries = [...model.summaries, summary].slice(-MAX_SUMMARIES)
    const ids = new Set(summaries.map(({ id }) => id))
    for (const id of details.keys()) if (!ids.has(id)) details.delete(id)
    return { ...model, summaries, details }
  }
  if (isSameSummary(model.summaries[index], summary)) return { ...model, details }
  return { ...model, details, summaries: model.summaries.with(index, summary) }
}

const isSameSummary = (a: TransactionSummary | undefined, b: TransactionSummary): boolean =>
  a?.outcome === b.outcome &&
  a.durationMs === b.durationMs &&
  a.changes === b.changes &&
  a.revision?.name === b.revision?.name

/** Adds a fetched transaction, unless a newer version has arrived on the stream. */
export const onFetched = (model: Model, transaction: InspectedTransaction): Model =>
  model.details.has(transaction.id)
    ? model
    : { ...model, details: new Map(model.details).set(transaction.id, transaction) }

export const onReported = (model: Model, failure: ReportedFailure): Model => ({
  ...model,
  reported: [...model.reported, failure].slice(-MAX_REPORTED),
})

/** Opens a transaction; undefined follows the newest. */
export const select = (model: Model, selectedId: string | undefined): Model => ({ ...model, selectedId })

/** A transaction, or a loop of a degraded service and its repairs that failed in the same way. */
export interface Entry {
  /** The newest one. */
  readonly summary: TransactionSummary
  /** The one that broke first. */
  readonly first: TransactionSummary
  readonly ids: readonly string[]
}

const entriesOf = new WeakMap<readonly TransactionSummary[], readonly Entry[]>()

/** Makes one entry of each loop of degraded and repair. Oldest first. */
export const listEntries = (summaries: readonly TransactionSummary[]): readonly Entry[] => {
  const known = entriesOf.get(summaries)
  if (known !== undefined) return known
  const entries: Entry[] = []
  for (const summary of summaries) {
    const last = entries.at(-1)
    if (last !== undefined && isRepairOf(summary, last.summary)) {
      entries[entries.length - 1] = { summary, first: last.first, ids: [...last.ids, summary.id] }
    } else entries.push({ summary, first: summary, ids: [summary.id] })
  }
  entriesOf.set(summaries, entries)
  return entries
}

const isRepairOf = ({ trigger, outcome }: TransactionSummary, before: TransactionSummary): boolean =>
  trigger === 'repair' && before.outcome === 'degraded' && (outcome === 'degraded' || outcome === 'running')

/** Returns the id of the transaction that the page shows. */
export const shownId = ({ selectedId, summaries }: Model): string | undefined => selectedId ?? summaries.at(-1)?.id
