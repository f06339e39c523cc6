import { condensed, describeCall, describeEvent, roundMs } from '../check/trace-text.ts'
import { scenarioText } from '../scenario/parse-scenario.ts'
import type { RunResult, TraceEvent } from '../scenario/run-result.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { scenarioCode } from '../scenario/scenario-code.ts'
import { modulesIn } from './trace-formats.ts'

/**
 * Formats a run as one self-contained HTML page, with a lane for what happens to the service, one for the reloader and one for
 * each module. If `scenario` is given, the page has the code and the JSON that play it again.
 */
export const traceHtml = (
  { trace, violations }: Pick<RunResult, 'trace' | 'violations'>,
  title = 'Simulated history',
  scenario?: Scenario,
): string => {
  const modules = modulesIn(trace)
  const lanes = ['virtual time', 'what happens', 'reloader', ...modules]
  const outcomes = trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.outcome] : []))
  const summary = `${roundMs(trace.at(-1)?.at ?? 0)} ms of virtual time, ${outcomes.length} transactions`
  const broken = violations.map(({ invariant, message }) => escaped(`${invariant}: ${message}`))
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title><style>${style}</style></head>`,
    `<body><h1>${escaped(title)}</h1><p class="dim">${summary}</p>`,
    ...(broken.length === 0 ? ['<p>Every invariant held.</p>'] : broken.map((text) => `<p class="broken">${text}</p>`)),
    ...(scenario === undefined ? [] : [collapsed('As code to paste', scenarioCode(scenario))]),
    ...(scenario === undefined ? [] : [collapsed('As JSON to keep', scenarioText(scenario))]),
    `<div class="scroll"><table><thead><tr>${lanes.map((lane) => `<th scope="col">${escaped(lane)}</th>`).join('')}</tr></thead><tbody>`,
    ...condensed(trace).map((event, index, rows) => rowOf(event, rows[index - 1], modules)),
    '</tbody></table></div></body></html>',
    '',
  ].join('\n')
}

const collapsed = (title: string, text: string): string =>
  `<details><summary>${escaped(title)}</summary><pre>${escaped(text)}</pre></details>`

const rowOf = (event: TraceEvent, before: TraceEvent | undefined, modules: readonly string[]): string => {
  const { what, at, process } = event
  const time = before?.at === at ? '' : `${roundMs(at)} ms`
  if (what.kind === 'process' || what.kind === 'broken') {
    const text = what.kind === 'broken' ? textOf(event) : textOf(event).replace(/^process /, `process ${process} `)
    return `<tr class="${what.kind}"><td>${time}</td><td colspan="${modules.length + 2}">${escaped(text)}</td></tr>`
  }
  const bad = what.kind === 'record' && !successes.has(what.record.outcome) ? ' bad' : ''
  const lane = laneOf(event, modules)
  const cells = Array.from({ length: modules.length + 2 }, (_, at) => (at === lane ? escaped(textOf(event)) : ''))
  return `<tr class="${what.kind}${bad}"><td>${time}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

const successes = new Set(['committed', 'unchanged'])

/** Returns the index of an event's lane: 0 for what happens to the service, 1 for the reloader, 2 and more for the modules. */
const laneOf = ({ what }: TraceEvent, modules: readonly string[]): number => {
  if (what.kind === 'step') return 0
  return 'module' in what ? 2 + modules.indexOf(what.module) : 1
}

const textOf = ({ what, ...when }: TraceEvent): string =>
  'module' in what ? describeCall(what) : describeEvent({ what, ...when }).replace(/^\s*[»=*]?\s*/, '')

const escaped = (text: string): string => text.replace(/[&<>"'`]/g, (sign) => `&#${sign.charCodeAt(0)};`)

// Every colour has a contrast of 4.5 to 1 on both backgrounds, and none carries a meaning alone.
const style = `
:root { color-scheme: light dark; --bg: #fff; --text: #1b1f24; --dim: #59636e; --line: #d8dee4; --bad: #a40e26; --good: #116329; --band: #f3f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0f1419; --text: #e6e9ec; --dim: #9aa5b1; --line: #2c343d; --bad: #ff8f8f; --good: #6fd48b; --band: #1a2129; }
}
* { box-sizing: border-box; }
body { font: 14px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; color: var(--text); background: var(--bg); margin: 0; padding: 1.5rem; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } p { margin: .25rem 0; } .dim { color: var(--dim); }
.broken { border-left: 4px solid var(--bad); padding: .25rem .75rem; color: var(--bad); font-weight: 600; }
details { margin: .75rem 0; } summary { cursor: pointer; }
pre { background: var(--band); padding: .75rem; overflow-x: auto; margin: .5rem 0; }
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
th { position: sticky; top: 0; background: var(--bg); text-align: left; border-bottom: 2px solid var(--line); padding: .3rem .6rem; }
td { border-left: 1px solid var(--line); padding: .1rem .6rem; vertical-align: top; overflow-wrap: anywhere; min-width: 8ch; }
td:first-child, th:first-child { border-left: 0; text-align: right; white-space: nowrap; color: var(--dim); }
tr.step td { border-top: 1px solid var(--line); } tr.step td:nth-child(2) { font-weight: 600; min-width: 24ch; }
tr.process td, tr.broken td { background: var(--band); font-weight: 600; } tr.broken td { color: var(--bad); }
tr.call td, tr.return td { white-space: nowrap; } tr.return td { color: var(--dim); }
tr.fault td { color: var(--bad); font-weight: 600; white-space: nowrap; }
tr.record td { color: var(--good); font-weight: 600; } tr.record.bad td { color: var(--bad); }
`
