import type { Failure } from '../../../../model/failure.ts'
import type { Model, Status } from '../model.ts'
import { clockTime, duration } from '../time.ts'
import { counted, listed, outcomes, phaseWord, short } from '../labels.ts'

/** How loud the header is. */
export type Tone = 'good' | 'busy' | 'calm' | 'warn' | 'bad'

/** The one thing that an operator must know. */
export interface Verdict {
  readonly tone: Tone
  readonly glyph: string
  readonly title: string
  /** One sentence. */
  readonly text: string
  /** Wall-clock time since when it is so. */
  readonly since?: number
  /** What need not be said beside it once more. */
  readonly about?: 'frozen' | 'stale'
}

const named = (revision: { readonly name: string } | undefined): string =>
  revision === undefined ? 'no revision' : `revision ${short(revision.name, 24)}`

const isResting = ({ charts }: Model): boolean =>
  charts.reload === undefined || charts.reload.active.some((id) => id === 'reload.resting' || id === 'reload.closed')

/** A failure in a line: what happened, and the cause's code where there is one. */
export const failureLine = ({ message, cause }: Failure): string =>
  cause?.code === undefined ? `${message}.` : `${message}. Cause: ${cause.code}.`

const degraded = (status: Status): Verdict => {
  const { degraded: names, since, serving } = status
  const text =
    names.length === 0
      ? `The first config failed its soak. It keeps serving as ${named(serving?.revision)}, soakFailed, and is checked again.`
      : `${listed(names)} may not serve ${named(serving?.revision)}. A repair is tried with back-off.`
  const title = names.length === 0 ? 'Degraded: soakFailed' : `Degraded: ${counted(names.length, 'module')}`
  return { tone: 'bad', glyph: outcomes.degraded.glyph, title, text, since }
}

const ended = (model: Model, status: Status): Verdict | undefined => {
  if (status.state === 'closed' || (model.link.kind === 'ended' && model.link.reason === 'reloader.closed')) {
    return {
      tone: 'calm',
      glyph: '■',
      title: 'Closed',
      text: 'The service has closed its reloader.',
      since: status.since,
    }
  }
  if (status.frozen !== undefined) {
    const { reason, since, waiting } = status.frozen
    const waits = waiting === undefined ? 'Changes wait.' : `${sentence(named(waiting))} waits.`
    const text = `“${reason}” ${waits} ${sentence(named(status.serving?.revision))} serves.`
    return { tone: 'calm', glyph: '❄', title: 'Frozen', text, since, about: 'frozen' }
  }
  return undefined
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const refused = (model: Model, status: Status): Verdict | undefined => {
  const { state, serving, since } = status
  if (state !== 'rejected' && state !== 'rolled-back') return undefined
  const head = model.heads.findLast(({ outcome }) => outcome === state)
  const failure = head?.failure
  const what = state === 'rejected' ? 'Refused' : 'Rolled back'
  const keeps = serving === undefined ? 'Nothing serves yet.' : `${sentence(named(serving.revision))} keeps serving.`
  const title = head?.revision === undefined ? `${what}` : `${what} ${named(head.revision)}`
  const text = failure === undefined ? keeps : `${failureLine(failure)} ${keeps}`
  return { tone: 'warn', glyph: outcomes[state].glyph, title, text, since }
}

const working = (model: Model, status: Status): Verdict => {
  if (status.confirmation !== undefined) {
    const { until } = status.confirmation
    const text = `${sentence(named(status.serving?.revision))} serves. Without a yes until ${clockTime(until)} it is swapped back.`
    return { tone: 'warn', glyph: '?', title: 'Waits for confirmation', text }
  }
  const head = model.heads.at(-1)
  const serving =
    status.serving === undefined ? 'Nothing serves yet.' : `${sentence(named(status.serving.revision))} serves.`
  const target = head?.revision === undefined ? 'Reading' : `Changing to ${named(head.revision)}`
  const state = model.charts.reload?.state ?? status.state
  return { tone: 'busy', glyph: outcomes.running.glyph, title: target, text: `${sentence(state)}. ${serving}` }
}

const atRest = (model: Model, status: Status): Verdict => {
  const { serving, inSync, source } = status
  const since = model.syncSince === undefined ? {} : { since: model.syncSince }
  if (serving === undefined) {
    const text = `Waiting for the first document of ${short(source.name)}.`
    return { tone: 'calm', glyph: '○', title: 'Nothing serves yet', text, ...since }
  }
  if (status.stale !== undefined) {
    const text = `${sentence(named(serving.revision))} serves, but the source cannot be read to compare.`
    return { tone: 'warn', glyph: '≠', title: 'Source out of reach', text, since: status.stale.since, about: 'stale' }
  }
  if (inSync) {
    return {
      tone: 'good',
      glyph: '✓',
      title: 'In sync',
      text: `${sentence(named(serving.revision))} serves.`,
      ...since,
    }
  }
  const text = `${sentence(named(serving.revision))} serves, the source holds ${named(source.revision)}.`
  return { tone: 'warn', glyph: '≠', title: 'Not in sync', text, ...since }
}

/** What the header says. Without a connection nothing is said to be well: only what was known last. */
export const verdictOf = (model: Model): Verdict => {
  const { link, status } = model
  const known = lastKnown(model)
  if (link.kind === 'live' || link.kind === 'connecting') return known
  if (status === undefined || known.title === 'Closed') return known
  const since = link.kind === 'lost' ? { since: link.since } : {}
  if (known.tone === 'bad') return { ...known, title: `${known.title}, last known`, ...since }
  return {
    tone: 'calm',
    glyph: '…',
    title: 'No connection',
    text: `Last known: ${known.title}. ${known.text}`,
    ...since,
  }
}

/** The loudest first. */
const lastKnown = (model: Model): Verdict => {
  const { status } = model
  if (status === undefined) return { tone: 'calm', glyph: '○', title: 'Connecting', text: 'Asking the service.' }
  if (status.state === 'degraded' || status.degraded.length > 0) return degraded(status)
  const over = ended(model, status)
  if (over !== undefined) return over
  if (!isResting(model)) return working(model, status)
  return refused(model, status) ?? atRest(model, status)
}

export interface LastError {
  readonly text: string
  readonly hint?: string
  /** Where it is past. */
  readonly note: string
  /** False where it stays from before and all is well again. */
  readonly isCurrent: boolean
}

const steady = new Set(['watching', 're-reading', 'opening', 'closed'])

const current = (failure: Failure): LastError => ({
  text: failureLine(failure),
  hint: failure.hint,
  note: '',
  isCurrent: true,
})

const past = (failure: Failure, at: number | undefined): LastError => ({
  text: failureLine(failure),
  note: at === undefined ? 'past' : `past, at ${clockTime(at)}`,
  isCurrent: false,
})

/** The last thing that went wrong, in words. */
export const lastErrorOf = ({ status, heads, reported }: Model): LastError => {
  if (status === undefined) return { text: 'not known', note: '', isCurrent: false }
  const { lastError, state } = status.source
  if (lastError !== undefined && !steady.has(state)) return current(lastError)
  const last = heads.at(-1)
  if (last?.failure !== undefined) return current(last.failure)
  const earlier = heads.findLast(({ failure }) => failure !== undefined)
  const late = reported.at(-1)
  if (late !== undefined && late.at > (earlier?.startedAt ?? 0)) return past(late, late.at)
  if (earlier?.failure !== undefined) return past(earlier.failure, earlier.startedAt)
  return lastError === undefined ? { text: 'none', note: '', isCurrent: false } : past(lastError, undefined)
}

/** One sentence about a transaction, for screen readers and titles. */
export const phaseSentence = (phase: string, durationMs: number | undefined, result: string): string => {
  const time = durationMs === undefined ? 'running' : duration(durationMs)
  return `${phaseWord(phase)} ${time}${result === 'done' || result === 'running' ? '' : ` ${result}`}`
}
