import { formatMs } from '../model/timed-tree.ts'
import type { InspectedModule, InspectedPhase, InspectedTransaction } from './stream/protocol.ts'

/**
 * Writes a transaction as a Mermaid sequence diagram: the reloader and its modules, each call with its duration and
 * result. It holds no config value.
 */
export const toMermaid = (transaction: InspectedTransaction): string => {
  const { id, revision, trigger, outcome, durationMs, modules, failures, degraded } = transaction
  const title = `${id} ${outcome}${durationMs === undefined ? '' : ` in ${formatMs(durationMs)}`}`
  const document = revision === undefined ? 'no document' : `revision ${revision.name}`
  return [
    '---',
    `title: ${JSON.stringify(title)}`,
    '---',
    'sequenceDiagram',
    '  autonumber',
    '  participant source as Source',
    '  participant reloader as Reloader',
    ...modules.map(({ module }, index) => `  participant m${index} as ${escapeText(module)}`),
    `  source->>reloader: ${escapeText(`${document} (${trigger})`)}`,
    ...listMessages(modules).map(formatMessage),
    ...failures.map(
      ({ code, module }) => `  Note over reloader: ${escapeText(`${code}${module ? ` (${module})` : ''}`)}`,
    ),
    `  Note over reloader: ${escapeText(outcome)}${degraded === undefined ? '' : escapeText(`: ${degraded.join(', ')}`)}`,
    '',
  ].join('\n')
}

/** A call of a module, or its answer. */
interface Message {
  readonly atMs: number
  readonly participant: string
  readonly phase: InspectedPhase
  readonly isAnswer: boolean
}

/** Lists the start and the end of every phase in the order of time. The sort is stable: a call precedes its answer. */
const listMessages = (modules: readonly InspectedModule[]): readonly Message[] =>
  modules
    .flatMap(({ phases }, index) =>
      phases.flatMap((phase): Message[] => {
        const call = { atMs: phase.startMs, participant: `m${index}`, phase, isAnswer: false }
        if (phase.durationMs === undefined) return [call]
        return [call, { ...call, atMs: phase.startMs + phase.durationMs, isAnswer: true }]
      }),
    )
    .sort((a, b) => a.atMs - b.atMs)

const formatMessage = ({ participant, phase, isAnswer }: Message): string => {
  if (!isAnswer) return `  reloader->>+${participant}: ${escapeText(phase.phase)}`
  const arrow = phase.result === 'done' ? '-->>-' : '--x-'
  return `  ${participant}${arrow}reloader: ${escapeText(`${phase.result}, ${formatMs(phase.durationMs ?? 0)}`)}`
}

/** Escapes everything that Mermaid reads as syntax, including the word `end`: users choose the module names. */
const escapeText = (text: string): string =>
  text.replace(/[#;:%{}()<>"\r\n]|\be(?=nd\b)/gi, (character) => `#${character.codePointAt(0)};`)
