import type { Failure } from '../../../model/failure.ts'
import type { InspectedPhase, TransactionSummary } from '../../stream/protocol.ts'
import { formatDuration } from './time.ts'

export type OutcomeName = TransactionSummary['outcome']

/** The look of each outcome. Glyph and label tell them apart, so that the colour alone does not have to. */
export const outcomes: Readonly<Record<OutcomeName, { readonly glyph: string; readonly label: string }>> = {
  running: { glyph: '◌', label: 'running' },
  committed: { glyph: '✓', label: 'committed' },
  unchanged: { glyph: '=', label: 'unchanged' },
  rejected: { glyph: '✕', label: 'rejected' },
  'rolled-back': { glyph: '↶', label: 'rolled back' },
  superseded: { glyph: '»', label: 'superseded' },
  aborted: { glyph: '■', label: 'aborted' },
  degraded: { glyph: '▲', label: 'degraded' },
}

export const triggers: Readonly<Record<TransactionSummary['trigger'], string>> = {
  start: 'start',
  change: 'source changed',
  reload: 'reload requested',
  repair: 'repair',
  restore: 'last known good restored',
  revert: 'revert',
  retry: 'retry requested',
  'quarantine-expired': 'quarantine expired',
  secret: 'secret changed',
  trial: 'trial of a candidate',
}

const phases: Readonly<Record<string, string>> = { fetching: 'fetch', validating: 'validate', check: 'soak' }

/** Returns the name of a phase on the page. A module's checks are its part of the soak. */
export const phaseLabel = (phase: string): string => phases[phase] ?? phase

/** Describes a phase in a line: `prepare 55 ms failed`. */
export const describePhase = ({ phase, durationMs, result }: InspectedPhase): string => {
  const time = durationMs === undefined ? 'running' : formatDuration(durationMs)
  return `${phaseLabel(phase)} ${time}${result === 'done' || result === 'running' ? '' : ` ${result}`}`
}

/** Describes a failure in a line. Its message names the cause. */
export const describeFailure = ({ message }: Failure): string => `${message}.`

/** `1 module`, `3 modules`. */
export const pluralize = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** `a`, `a and b`, `a, b and 3 more`. */
export const joinNames = (names: readonly string[], max = 3): string => {
  const shown = names.length > max ? [...names.slice(0, max), `${names.length - max} more`] : names
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

/** Cuts a text that could be of any length. */
export const shorten = (text: string, max = 40): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text)

export const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const events: Readonly<Record<string, string>> = { init: 'start', '': 'immediate' }

/** Shortens XState's event types: `xstate.done.actor.0.readDocument` becomes `done of readDocument`. */
export const eventLabel = (event: string): string => {
  const name = event.replace(/^xstate\./, '')
  const actor = /^(done|error)\.actor\.(?:\d+\.)?(.+)$/.exec(name)
  if (actor !== null) return `${actor[1]} of ${actor[2]?.split('.').at(-1)}`
  const after = /^after\.([^.]+)\./.exec(name)
  if (after !== null) return `after ${after[1]}`
  return events[name] ?? name
}
