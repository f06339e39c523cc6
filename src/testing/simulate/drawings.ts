import type { RunResult } from './run.ts'
import type { TraceEvent } from './trace.ts'
import { describeEvent, traceText } from './trace.ts'

// Mermaid ends a message at a semicolon, and takes # for an entity.
const safe = (text: string): string =>
  text
    .replace(/[;#]/g, ',')
    .replace(/[\r\n]+/g, ' ')
    .slice(0, 120)

const participant = (name: string): string => name.replace(/\W/g, '_')

const messageOf = ({ what }: TraceEvent): string | undefined => {
  switch (what.kind) {
    case 'step':
      return `Note over world: ${safe(what.text)}`
    case 'call':
      return `reloader->>${participant(what.module)}: ${what.phase} ${what.generation || ''}`.trimEnd()
    case 'return':
      return `${participant(what.module)}-->>reloader: ${what.phase} ended`
    case 'fault':
      return `Note over ${participant(what.module)}: ${what.phase} ✗ ${what.fault}`
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
  const modules = new Set(trace.flatMap(({ what }) => ('module' in what ? [what.module] : [])))
  return [
    'sequenceDiagram',
    '  participant world',
    '  participant reloader',
    ...[...modules].map((name) => `  participant ${participant(name)} as ${safe(name)}`),
    ...trace.flatMap((event) => messageOf(event) ?? []).map((line) => `  ${line}`),
  ].join('\n')
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const style = `
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --good: #1e8449; }
body { font: 14px/1.5 ui-monospace, monospace; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.2rem; } table { border-collapse: collapse; width: 100%; }
td { padding: .1rem .75rem; border-top: 1px solid var(--line); vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
td:first-child, td:nth-child(2) { text-align: right; white-space: nowrap; opacity: .7; }
.step td, .process td { font-weight: 600; } .fault td, .bad { color: var(--bad); } .record td { color: var(--good); }
`

/** The run as one HTML file that needs nothing else. */
export const traceHtml = (
  { trace, violations }: Pick<RunResult, 'trace' | 'violations'>,
  title = 'Simulated history',
): string => {
  const rows = trace.map((event) => {
    const at = Math.round(event.at * 1_000) / 1_000
    return `<tr class="${event.what.kind}"><td>${at} ms</td><td>${event.process}</td><td>${escaped(describeEvent(event))}</td></tr>`
  })
  const broken = violations.map(({ invariant, message }) => `<p class="bad">${escaped(`${invariant}: ${message}`)}</p>`)
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head>`,
    `<body><h1>${escaped(title)}</h1>${broken.join('')}`,
    `<table><thead><tr><th>virtual time</th><th>process</th><th>what happened</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`,
    '</body></html>',
    '',
  ].join('\n')
}

/** The run as text, a line an event in virtual time. */
export const traceLines = ({ trace }: Pick<RunResult, 'trace'>): string => traceText(trace)
