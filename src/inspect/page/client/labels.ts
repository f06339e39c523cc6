import type { TransactionHead } from '../../stream/protocol.ts'

export type OutcomeName = TransactionHead['outcome']

/** How an outcome looks and reads; told apart by shape and word, never by colour alone. */
export const outcomes: Readonly<Record<OutcomeName, { readonly glyph: string; readonly word: string }>> = {
  running: { glyph: '◌', word: 'running' },
  committed: { glyph: '✓', word: 'committed' },
  unchanged: { glyph: '=', word: 'unchanged' },
  rejected: { glyph: '✕', word: 'rejected' },
  'rolled-back': { glyph: '↶', word: 'rolled back' },
  superseded: { glyph: '»', word: 'superseded' },
  aborted: { glyph: '■', word: 'aborted' },
  degraded: { glyph: '▲', word: 'degraded' },
}

export const triggers: Readonly<Record<string, string>> = {
  start: 'first start',
  change: 'the source changed',
  reload: 'reload asked for',
  repair: 'repair',
  restore: 'last known good restored',
  revert: 'revert',
  retry: 'quarantine ended',
}

const phaseWords: Readonly<Record<string, string>> = {
  fetching: 'fetch',
  validating: 'validate',
  check: 'soak',
}

/** What a phase is called on the page: the checks of a module are its part in the soak. */
export const phaseWord = (phase: string): string => phaseWords[phase] ?? phase

/** `1 module`, `3 modules`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** `a`, `a and b`, `a, b and 3 more`. */
export const listed = (names: readonly string[], most = 3): string => {
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : names
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

/** A name that might be anything, on one line and not endless. */
export const short = (text: string, most = 40): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

const events: Readonly<Record<string, string>> = { init: 'the start', '': 'at once' }

/** The type of an event for people: `done of readDocument` is `xstate.done.actor.…` to XState. */
export const eventWord = (event: string): string => {
  const name = event.replace(/^xstate\./, '')
  const actor = /^(done|error)\.actor\.(?:\d+\.)?(.+)$/.exec(name)
  if (actor !== null) return `${actor[1]} of ${actor[2]?.split('.').at(-1)}`
  const after = /^after\.([^.]+)\./.exec(name)
  if (after !== null) return `after ${after[1]}`
  return events[name] ?? name
}
