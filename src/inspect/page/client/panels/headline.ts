import type { Failure } from '../../../../model/failure.ts'
import { capitalize, describeFailure, joinNames, outcomes, pluralize, shorten } from '../labels.ts'
import { listEntries, type Model, type Status } from '../model.ts'
import { formatTime } from '../time.ts'

/** How strongly the header asks for attention. */
export type Tone = 'good' | 'busy' | 'calm' | 'warn' | 'bad'

/** The most important thing that an operator must know. */
export interface Headline {
  readonly tone: Tone
  readonly glyph: string
  readonly title: string
  readonly text: string
  /** Wall-clock time since when it is so. */
  readonly since?: number | undefined
}

/** Describes the state of the service. While the page is disconnected, it only shows what was last known. */
export const describeHeadline = (model: Model): Headline => {
  const { connection, status } = model
  const lastKnown = describeStatus(model)
  if (connection.kind === 'live' || connection.kind === 'connecting') return lastKnown
  if (status === undefined || lastKnown.title === 'Closed') return lastKnown
  const since = connection.kind === 'lost' ? { since: connection.since } : {}
  if (lastKnown.tone === 'bad') return { ...lastKnown, title: `${lastKnown.title} (last known)`, ...since }
  const text = `Last known: ${lastKnown.title}. ${lastKnown.text}`
  return { tone: 'calm', glyph: '…', title: 'Disconnected', text, ...since }
}

/** Describes the most urgent state first. */
const describeStatus = (model: Model): Headline => {
  const { status } = model
  if (status === undefined) return { tone: 'calm', glyph: '○', title: 'Connecting', text: 'Connecting to the service.' }
  if (status.state === 'degraded' || status.degraded.length > 0) return describeDegraded(model, status)
  const stopped = describeClosed(model, status) ?? describeFrozen(status)
  if (stopped !== undefined) return stopped
  if (!isResting(model)) return describeRunning(model, status)
  return describeFailed(model, status) ?? describeSync(model, status)
}

/** Returns what broke first, if the service is not well now: in a loop of repairs, the failure that began it. */
export const firstFailure = ({ status, summaries }: Model): Failure | undefined => {
  if (status === undefined) return undefined
  const { state, degraded, stale, serving, source } = status
  if (state === 'degraded' || degraded.length > 0) {
    return listEntries(summaries).findLast(({ first }) => first.outcome === 'degraded')?.first.failure
  }
  if (state === 'rejected' || state === 'rolled-back') {
    return summaries.findLast(({ outcome }) => outcome === state)?.failure
  }
  return stale !== undefined || serving === undefined ? source.lastError : undefined
}

const describeDegraded = (model: Model, status: Status): Headline => {
  const { degraded: names, since, serving } = status
  const failure = firstFailure(model)
  const cause = failure === undefined ? '' : `${describeFailure(failure)} `
  const text =
    names.length === 0
      ? `The first config failed its soak. ${capitalize(nameRevision(serving?.revision))} keeps serving and is checked again.`
      : `${joinNames(names)} may not serve ${nameRevision(serving?.revision)}. The repair is retried with back-off.`
  const title = names.length === 0 ? 'Degraded: soak failed' : `Degraded: ${pluralize(names.length, 'module')}`
  return { tone: 'bad', glyph: outcomes.degraded.glyph, title, text: cause + text, since }
}

const describeClosed = ({ connection }: Model, { state, since }: Status): Headline | undefined => {
  const hasEnded = connection.kind === 'ended' && connection.reason === 'reloader.closed'
  if (state !== 'closed' && !hasEnded) return undefined
  return { tone: 'calm', glyph: '■', title: 'Closed', text: 'The service closed its reloader.', since }
}

const describeFrozen = ({ frozen, serving }: Status): Headline | undefined => {
  if (frozen === undefined) return undefined
  const { reason, by, since, waiting } = frozen
  const queue = waiting === undefined ? 'New changes will wait.' : `${capitalize(nameRevision(waiting))} is waiting.`
  const whom = by === undefined ? '' : `By ${shorten(by, 40)}: `
  const text = `${whom}“${reason}” ${queue} Serving ${nameRevision(serving?.revision)}.`
  return { tone: 'calm', glyph: '❄', title: 'Frozen', text, since }
}

const isResting = ({ machines: { reload } }: Model): boolean =>
  reload === undefined || reload.active.some((id) => id === 'reload.resting' || id === 'reload.closed')

const describeRunning = ({ summaries, machines }: Model, { serving, confirmation, state }: Status): Headline => {
  if (confirmation !== undefined) {
    const text = `Serving ${nameRevision(serving?.revision)}. It is rolled back at ${formatTime(confirmation.until)} unless confirmed.`
    return { tone: 'warn', glyph: '?', title: 'Waiting for confirmation', text }
  }
  if (state === 'trying') {
    const text = `Serving ${nameRevision(serving?.revision)}. It stays once its rollout is promoted; else what served before returns.`
    return { tone: 'busy', glyph: outcomes.running.glyph, title: 'A candidate is on trial', text }
  }
  const revision = summaries.at(-1)?.revision
  const title = revision === undefined ? 'Reading the source' : `Changing to ${nameRevision(revision)}`
  const text = `${capitalize(machines.reload?.state ?? state)}. ${describeServing(serving)}`
  return { tone: 'busy', glyph: outcomes.running.glyph, title, text }
}

const describeFailed = ({ summaries }: Model, { state, serving, since }: Status): Headline | undefined => {
  if (state !== 'rejected' && state !== 'rolled-back') return undefined
  const last = summaries.findLast(({ outcome }) => outcome === state)
  const outcome = capitalize(outcomes[state].label)
  const title = last?.revision === undefined ? outcome : `${outcome} ${nameRevision(last.revision)}`
  const remains = describeServing(serving, 'Still serving')
  const text = last?.failure === undefined ? remains : `${describeFailure(last.failure)} ${remains}`
  return { tone: 'warn', glyph: outcomes[state].glyph, title, text, since }
}

const describeSync = ({ syncSince: since }: Model, { serving, inSync, source, stale }: Status): Headline => {
  if (serving === undefined) {
    const text = `Waiting for the first document from ${shorten(source.name)}.${causeOf(source)}`
    return { tone: 'calm', glyph: '○', title: 'Not serving yet', text, since }
  }
  if (stale !== undefined) {
    const text = `Serving ${nameRevision(serving.revision)}, but the source cannot be read to compare it.${causeOf(source)}`
    return { tone: 'warn', glyph: '≠', title: 'Source unreachable', text, since: stale.since }
  }
  if (inSync) return { tone: 'good', glyph: '✓', title: 'In sync', text: describeServing(serving), since }
  const text = `Serving ${nameRevision(serving.revision)}, but the source holds ${nameRevision(source.revision)}.`
  return { tone: 'warn', glyph: '≠', title: 'Out of sync', text, since }
}

const causeOf = ({ lastError }: Status['source']): string =>
  lastError === undefined ? '' : ` ${describeFailure(lastError)}`

const describeServing = (serving: Status['serving'], verb = 'Serving'): string =>
  serving === undefined ? 'Nothing is serving yet.' : `${verb} ${nameRevision(serving.revision)}.`

const nameRevision = (revision: { readonly name: string } | undefined): string =>
  revision === undefined ? 'no revision' : `revision ${shorten(revision.name, 24)}`
