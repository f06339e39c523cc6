import type { InspectedModule, InspectedPhase, InspectedTransaction } from './stream/protocol.ts'

/**
 * A transaction as a Mermaid sequence diagram: the reloader and its modules, each call with its time and its answer.
 * It holds no config value.
 */
export const mermaidOf = (transaction: InspectedTransaction): string => {
  const { id, revision, trigger, outcome, durationMs, modules, failures, degraded } = transaction
  const title = `${id} ${outcome}${durationMs === undefined ? '' : ` in ${milliseconds(durationMs)}`}`
  const document = revision === undefined ? 'no document' : `revision ${revision.name}`
  return [
    '---',
    `title: ${JSON.stringify(title)}`,
    '---',
    'sequenceDiagram',
    '  autonumber',
    '  participant source as Source',
    '  participant reloader as Reloader',
    ...modules.map(({ module }, index) => `  participant m${index} as ${text(module)}`),
    `  source->>reloader: ${text(`${document} (${trigger})`)}`,
    ...callsOf(modules).flatMap(linesOf),
    ...failures.map(({ code, module }) => `  Note over reloader: ${text(`${code}${module ? ` (${module})` : ''}`)}`),
    `  Note over reloader: ${text(outcome)}${degraded === undefined ? '' : text(`: ${degraded.join(', ')}`)}`,
    '',
  ].join('\n')
}

interface Call {
  readonly at: number
  readonly rank: number
  readonly to: string
  readonly phase: InspectedPhase
  readonly isAnswer: boolean
}

/** Beginnings and ends of all phases, in the order of time. */
const callsOf = (modules: readonly InspectedModule[]): readonly Call[] =>
  modules
    .flatMap(({ phases }, index) =>
      phases.flatMap((phase): Call[] => {
        const call = { at: phase.startMs, rank: 0, to: `m${index}`, phase, isAnswer: false }
        if (phase.durationMs === undefined) return [call]
        return [call, { ...call, at: phase.startMs + phase.durationMs, isAnswer: true }]
      }),
    )
    .map((call, rank) => ({ ...call, rank }))
    // Where two have one time, a call comes before its own answer, as they stand.
    .sort((a, b) => a.at - b.at || a.rank - b.rank)

const linesOf = ({ to, phase, isAnswer }: Call): readonly string[] => {
  if (!isAnswer) return [`  reloader->>+${to}: ${text(phase.phase)}`]
  const arrow = phase.result === 'done' ? '-->>-' : '--x-'
  return [`  ${to}${arrow}reloader: ${text(`${phase.result}, ${milliseconds(phase.durationMs ?? 0)}`)}`]
}

/** Without what Mermaid would read as syntax, the word `end` included: module names are the service's own. */
const text = (words: string): string =>
  words.replace(/[#;:%{}()<>"\r\n]|\be(?=nd\b)/gi, (character) => `#${character.codePointAt(0)};`)

const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
