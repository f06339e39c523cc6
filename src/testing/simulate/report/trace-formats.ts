import type { RunResult } from '../play/run.ts'
import type { TraceEvent } from '../check/trace-text.ts'
import { traceText } from '../check/trace-text.ts'

// Mermaid ends a message at a semicolon, takes # for an entity and %% for a comment.
const safe = (text: string): string =>
  text
    .replace(/[;#]/g, ',')
    .replace(/%%+/g, '%')
    .replace(/\s+/g, ' ')
    .replace(/[<>]/g, (sign) => (sign === '<' ? '‹' : '›'))
    .slice(0, 120)

const messageOf = ({ what }: TraceEvent, idOf: (module: string) => string): string => {
  switch (what.kind) {
    case 'step':
      return `Note over world: ${safe(what.text)}`
    case 'call':
      return `reloader->>${idOf(what.module)}: ${what.phase} ${what.generation || ''}`.trimEnd()
    case 'return':
      return `${idOf(what.module)}-->>reloader: ${what.phase} ended`
    case 'fault':
      return `Note over ${idOf(what.module)}: ${what.phase} ✗ ${what.fault}`
    case 'broken':
      return `Note over reloader: ✗ ${safe(what.text)}`
    case 'tick':
      return `Note over reloader: tick ${what.direction}`
    case 'record':
      return `Note over reloader: ${what.record.outcome}`
    case 'process':
      return `Note over reloader: process ${what.event}`
  }
}

/** The run as a mermaid sequence diagram. */
export const traceMermaid = ({ trace }: Pick<RunResult, 'trace'>): string => {
  const modules = [...new Set(trace.flatMap(({ what }) => ('module' in what ? [what.module] : [])))]
  // Numbers, since a module may be called `end`, or as another but for a sign that mermaid does not take.
  const idOf = (module: string): string => `m${modules.indexOf(module) + 1}`
  return [
    'sequenceDiagram',
    '  participant world',
    '  participant reloader',
    ...modules.map((name) => `  participant ${idOf(name)} as ${safe(name)}`),
    ...trace.map((event) => `  ${messageOf(event, idOf)}`),
  ].join('\n')
}

/** The run as text, a line an event in virtual time. */
export const traceLines = ({ trace }: Pick<RunResult, 'trace'>): string => traceText(trace)
