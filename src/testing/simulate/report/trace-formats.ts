import { traceText } from '../check/trace-text.ts'
import type { RunResult, TraceEvent } from '../scenario/run-result.ts'

/** Formats a run as text, one line per event in virtual time. */
export const traceLines = ({ trace }: Pick<RunResult, 'trace'>): string => traceText(trace)

/** Formats a run as a Mermaid sequence diagram. */
export const traceMermaid = ({ trace }: Pick<RunResult, 'trace'>): string => {
  const modules = modulesIn(trace)
  // Numbers, because a module may be called `end`, or differ from another one only by a character that Mermaid refuses.
  const idOf = (module: string): string => `m${modules.indexOf(module) + 1}`
  return [
    'sequenceDiagram',
    '  participant environment',
    '  participant reloader',
    ...modules.map((name) => `  participant ${idOf(name)} as ${escaped(name)}`),
    ...trace.map((event) => `  ${messageOf(event, idOf)}`),
  ].join('\n')
}

/** Lists the modules of a trace, in the order of their first event. */
export const modulesIn = (trace: readonly TraceEvent[]): readonly string[] => [
  ...new Set(trace.flatMap(({ what }) => ('module' in what ? [what.module] : []))),
]

const messageOf = ({ what }: TraceEvent, idOf: (module: string) => string): string => {
  switch (what.kind) {
    case 'step':
      return `Note over environment: ${escaped(what.text)}`
    case 'call':
      return `reloader->>${idOf(what.module)}: ${what.phase} ${what.generation || ''}`.trimEnd()
    case 'return':
      return `${idOf(what.module)}-->>reloader: ${what.phase} ended`
    case 'fault':
      return `Note over ${idOf(what.module)}: ${what.phase} ✗ ${what.fault}`
    case 'broken':
      return `Note over reloader: ✗ ${escaped(what.text)}`
    case 'commit':
    case 'rollback':
      return `Note over reloader: ${what.kind}`
    case 'record':
      return `Note over reloader: ${what.record.outcome}`
    case 'process':
      return `Note over reloader: process ${what.event}`
  }
}

// Mermaid ends a message at a semicolon and reads `#` as an entity and `%%` as a comment.
const escaped = (text: string): string =>
  text
    .replace(/[;#]/g, ',')
    .replace(/%%+/g, '%')
    .replace(/\s+/g, ' ')
    .replace(/[<>]/g, (sign) => (sign === '<' ? '‹' : '›'))
    .slice(0, 120)
