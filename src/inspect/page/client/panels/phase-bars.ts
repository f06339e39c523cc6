import type { InspectedModule, InspectedPhase, InspectedTransaction } from '../../../stream/protocol.ts'
import { hasFailed } from '../../../stream/protocol.ts'
import { computeDepths } from '../charts/module-layout.ts'
import { createKeyedList, html, setAttribute, type View, visuallyHidden } from '../dom.ts'
import { describePhase, phaseLabel } from '../labels.ts'
import { formatDuration, now } from '../time.ts'

/** Above this number the rows get a scroll box of their own. */
const MAX_UNSCROLLED_ROWS = 18

/** Creates the modules of a transaction in dependency order, each with its phases as bars on a common time axis. */
export const createPhaseBars = (): View<InspectedTransaction> => {
  const head = html('div', { class: 'phase-bars-head' })
  const rows = html('ol', { 'aria-label': 'Modules in dependency order' })
  const empty = html('p', { class: 'empty' })
  const chart = html('div', { class: 'phase-bars' }, head, rows)
  const element = html('div', {}, chart, empty)
  // Rows keep their place while a transaction runs, so that the user can scroll and read.
  type Row = { readonly name: string; readonly render: () => HTMLElement }
  const list = createKeyedList(
    rows,
    ({ name }: Row) => name,
    ({ render }) => render(),
  )
  const update = (transaction: InspectedTransaction): void => {
    const { modules, outcome, startedAt, durationMs = 0 } = transaction
    const isRunning = outcome === 'running'
    setAttribute(empty, 'hidden', modules.length > 0)
    setAttribute(chart, 'hidden', modules.length === 0)
    empty.textContent = isRunning ? 'Reading and validating the document.' : 'No module was called.'
    const elapsedMs = isRunning ? now() - startedAt : durationMs
    const axisMs = axisLength(transaction, elapsedMs)
    const depths = computeDepths(modules.map(({ module, after }) => [module, after]))
    const axis = html('div', { class: 'axis', 'aria-hidden': 'true' })
    head.replaceChildren(renderLegend(modules), axis)
    fillAxis(axis, axisMs)
    setAttribute(rows, 'tabindex', modules.length > MAX_UNSCROLLED_ROWS ? 0 : undefined)
    list.show(
      modules.map((module) => ({
        name: module.module,
        render: () => renderRow(module, depths.get(module.module) ?? 0, axisMs, elapsedMs),
      })),
    )
  }
  return { element, update }
}

/** Returns where the axis ends: with the last phase, or now. */
const axisLength = (transaction: InspectedTransaction, elapsedMs: number): number =>
  Math.max(
    1,
    transaction.durationMs ?? elapsedMs,
    ...transaction.modules.flatMap(({ phases }) => phases.map((phase) => phaseEnd(phase, elapsedMs))),
  )

const phaseEnd = ({ startMs, durationMs }: InspectedPhase, elapsedMs: number): number =>
  durationMs === undefined ? Math.max(elapsedMs, startMs) : startMs + durationMs

const renderLegend = (modules: readonly InspectedModule[]): HTMLElement => {
  const phases = new Set(modules.flatMap((module) => module.phases.map(({ phase }) => phase)))
  return html(
    'p',
    { class: 'legend', 'aria-hidden': 'true' },
    ...[...phases].map((phase) => html('span', {}, html('i', { 'data-phase': phase }), phaseLabel(phase))),
  )
}

/** The width that the label of a tick needs, in pixels. */
const TICK_WIDTH = 68

/** Draws the ticks. As many are drawn as fit on the axis without touching each other. */
const fillAxis = (axis: HTMLElement, axisMs: number): void => {
  const width = axis.clientWidth || 3 * TICK_WIDTH
  const step = roundStep(axisMs, Math.max(1, Math.min(8, Math.floor(width / TICK_WIDTH))))
  for (let at = 0; at === 0 || (1 - at / axisMs) * width >= TICK_WIDTH; at += step) {
    const tick = html('span', { class: 'tick' }, at === 0 ? '0' : formatDuration(at).replace('.0', ''))
    tick.style.left = percent(at, axisMs)
    axis.append(tick)
  }
}

/** Returns the smallest round step that makes at most so many parts of the axis. */
const roundStep = (axisMs: number, parts: number): number => {
  const rough = axisMs / parts
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough
}

const percent = (part: number, whole: number): string => `${(Math.min(1, Math.max(0, part / whole)) * 100).toFixed(3)}%`

const renderRow = (module: InspectedModule, depth: number, axisMs: number, elapsedMs: number): HTMLElement => {
  const name = html('span', { class: 'name' }, module.module)
  name.style.paddingInlineStart = `${Math.min(depth, 6) * 12}px`
  name.title = module.after.length === 0 ? module.module : `${module.module}, after ${module.after.join(', ')}`
  const lane = html('span', { class: 'lane', 'aria-hidden': 'true' })
  lane.append(...module.phases.map((phase) => renderBar(phase, axisMs, elapsedMs)))
  return html(
    'li',
    { 'data-bad': module.phases.some(hasFailed) },
    name,
    html('span', { class: 'change' }, visuallyHidden(', '), module.change),
    lane,
    renderPhases(module.phases),
  )
}

const renderBar = (phase: InspectedPhase, axisMs: number, elapsedMs: number): HTMLElement => {
  const bar = html('span', { class: 'phase', 'data-phase': phase.phase, 'data-result': phase.result })
  bar.style.left = percent(phase.startMs, axisMs)
  bar.style.width = percent(phaseEnd(phase, elapsedMs) - phase.startMs, axisMs)
  bar.title = describePhase(phase)
  return bar
}

/** `prepare 55 ms failed, rollback 0.1 ms`. */
const renderPhases = (phases: readonly InspectedPhase[]): HTMLElement => {
  const element = html('span', { class: 'phases' })
  for (const phase of phases) {
    const attributes = { 'data-phase': phase.phase, 'data-bad': hasFailed(phase) }
    element.append(html('span', attributes, describePhase(phase)), ' ')
  }
  if (phases.length === 0) element.append(html('span', {}, 'not called'))
  return element
}
