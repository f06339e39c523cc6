import type { InspectedModule, InspectedPhase, InspectedTransaction } from '../../../stream/protocol.ts'
import { html, KeyedList, setAttribute, spoken } from '../dom.ts'
import { duration, now } from '../time.ts'
import { phaseSentence } from './headline.ts'
import { phaseWord } from '../labels.ts'

/** How many modules stand in a row before each. */
const depthsOf = (modules: readonly InspectedModule[]): ReadonlyMap<string, number> => {
  const depths = new Map<string, number>()
  for (const { module, after } of modules) {
    depths.set(module, Math.max(-1, ...after.map((name) => depths.get(name) ?? -1)) + 1)
  }
  return depths
}

const endOf = ({ startMs, durationMs }: InspectedPhase, elapsed: number): number =>
  durationMs === undefined ? Math.max(elapsed, startMs) : startMs + durationMs

/** Where the axis ends: with the last phase, or now. */
const spanOf = (transaction: InspectedTransaction, elapsed: number): number =>
  Math.max(
    1,
    transaction.durationMs ?? elapsed,
    ...transaction.modules.flatMap(({ phases }) => phases.map((phase) => endOf(phase, elapsed))),
  )

/** A round step so that four to eight of them fill the axis. */
const stepOf = (span: number): number => {
  const rough = span / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough
}

const percent = (part: number, whole: number): string => `${(Math.min(1, Math.max(0, part / whole)) * 100).toFixed(3)}%`

const axisOf = (span: number): HTMLElement => {
  const axis = html('div', { class: 'axis', 'aria-hidden': 'true' })
  const step = stepOf(span)
  for (let at = 0; at <= span * 0.94; at += step) {
    const tick = html('span', { class: 'tick' }, at === 0 ? '0' : duration(at).replace('.0', ''))
    tick.style.left = percent(at, span)
    axis.append(tick)
  }
  return axis
}

const barOf = (phase: InspectedPhase, span: number, elapsed: number): HTMLElement => {
  const bar = html('span', { class: 'phase', 'data-phase': phase.phase, 'data-result': phase.result })
  const end = endOf(phase, elapsed)
  bar.style.left = percent(phase.startMs, span)
  bar.style.width = percent(end - phase.startMs, span)
  bar.title = phaseSentence(phase.phase, phase.durationMs, phase.result)
  return bar
}

const isBad = ({ result }: InspectedPhase): boolean => result === 'failed' || result === 'timed-out'

/** `prepare 55 ms failed, rollback 0.1 ms`. */
const wordsOf = (phases: readonly InspectedPhase[]): HTMLElement => {
  const words = html('span', { class: 'phases' })
  for (const phase of phases) {
    const text = phaseSentence(phase.phase, phase.durationMs, phase.result)
    words.append(html('span', { 'data-phase': phase.phase, 'data-bad': isBad(phase) }, text), ' ')
  }
  if (phases.length === 0) words.append(html('span', {}, 'not called'))
  return words
}

const rowOf = (step: InspectedModule, depth: number, span: number, elapsed: number): HTMLElement => {
  const name = html('span', { class: 'name' }, step.module)
  name.style.paddingInlineStart = `${Math.min(depth, 6) * 12}px`
  name.title = step.after.length === 0 ? step.module : `${step.module}, after ${step.after.join(', ')}`
  const track = html('span', { class: 'lane', 'aria-hidden': 'true' })
  track.append(...step.phases.map((phase) => barOf(phase, span, elapsed)))
  return html(
    'li',
    { 'data-bad': step.phases.some(isBad) },
    name,
    html('span', { class: 'change' }, spoken(', '), step.change),
    track,
    wordsOf(step.phases),
  )
}

const legendOf = (modules: readonly InspectedModule[]): HTMLElement => {
  const phases = new Set(modules.flatMap((step) => step.phases.map(({ phase }) => phase)))
  return html(
    'p',
    { class: 'legend', 'aria-hidden': 'true' },
    ...[...phases].map((phase) => html('span', {}, html('i', { 'data-phase': phase }), phaseWord(phase))),
  )
}

/** With more rows they have a scroll box of their own. */
const MANY = 18

/** The modules of a transaction in dependency order, each a row of bars on one axis of time. */
export const bars = (): {
  readonly element: HTMLElement
  readonly show: (transaction: InspectedTransaction) => void
} => {
  const top = html('div', { class: 'bars-head' })
  const rows = html('ol', { 'aria-label': 'Modules in dependency order' })
  const empty = html('p', { class: 'empty' })
  const chart = html('div', { class: 'bars' }, top, rows)
  const element = html('div', {}, chart, empty)
  // The elements stay while a transaction runs, so that it can be scrolled and read.
  const list = new KeyedList<{ readonly name: string; readonly make: () => HTMLElement }>(
    rows,
    ({ name }) => name,
    ({ make }) => make(),
  )
  const show = (transaction: InspectedTransaction): void => {
    const { modules, outcome, startedAt, durationMs = 0 } = transaction
    const isOpen = outcome === 'running'
    setAttribute(empty, 'hidden', modules.length > 0)
    setAttribute(chart, 'hidden', modules.length === 0)
    empty.textContent = isOpen ? 'The document is being read and validated.' : 'No module was called.'
    const elapsed = isOpen ? now() - startedAt : durationMs
    const span = spanOf(transaction, elapsed)
    const depths = depthsOf(modules)
    top.replaceChildren(legendOf(modules), axisOf(span))
    setAttribute(rows, 'tabindex', modules.length > MANY ? 0 : undefined)
    list.show(
      modules.map((step) => ({
        name: step.module,
        make: () => rowOf(step, depths.get(step.module) ?? 0, span, elapsed),
      })),
    )
  }
  return { element, show }
}
