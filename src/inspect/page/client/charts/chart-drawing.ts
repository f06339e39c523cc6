import { svg } from '../dom.ts'
import { type Chart, LABEL, NAME, type PlacedArrow, type PlacedState, type Point } from './chart-data.ts'

/** A drawn chart and the parts of it that can be highlighted. */
export type Drawing = ReturnType<typeof drawChart>

/** Draws a chart with nothing highlighted. */
export const drawChart = (chart: Chart) => {
  const [width, height] = chart.size
  const element = svg('svg', { class: 'chart', role: 'img', viewBox: `0 0 ${width} ${height}`, width, height })
  const states = new Map(chart.states.map((state) => [state.id, drawState(state)]))
  /** Arrows and label lines by the key of their transition. */
  const transitions = new Map<string, readonly SVGElement[]>()
  const labels: SVGGElement[] = []
  const arrows = chart.arrows.map((arrow) => {
    const drawn = drawArrow(arrow)
    const label = drawLabel(arrow)
    labels.push(label.element)
    for (const [index, { keys }] of arrow.lines.entries()) {
      const row = label.rows[index]
      for (const key of keys) transitions.set(key, row === undefined ? [drawn] : [drawn, label.element, row])
    }
    return drawn
  })
  element.append(svg('g', {}, ...states.values()), svg('g', {}, ...arrows), svg('g', {}, ...labels))
  return { element, states, transitions }
}

const drawState = ({ id, name, kind, initial, runs, box }: PlacedState): SVGGElement => {
  const [x, y, width, height] = box
  const group = svg('g', { class: 'state', 'data-id': id, 'data-kind': kind, transform: `translate(${x} ${y})` })
  if (kind === 'history') {
    const title = svg('title', {}, `${name}: returns to the previous resting state`)
    group.append(title, svg('circle', { cx: width / 2, cy: height / 2, r: width / 2 - 1 }))
    group.append(svg('text', { class: 'name', x: width / 2, y: height / 2 + 4.5, 'text-anchor': 'middle' }, 'H'))
    return group
  }
  group.append(svg('rect', { width, height, rx: kind === 'any' ? height / 2 : 8 }))
  if (kind === 'final')
    group.append(svg('rect', { class: 'inner', x: 3, y: 3, width: width - 6, height: height - 6, rx: 6 }))
  if (initial) group.append(svg('circle', { class: 'initial', cx: 0, cy: 0, r: 4 }))
  const baseline = kind === 'any' ? height / 2 + 4.5 : NAME.padY + 14
  group.append(svg('text', { class: 'name', x: NAME.padX, y: baseline }, name))
  if (runs !== undefined) group.append(svg('text', { class: 'runs', x: NAME.padX, y: baseline + LABEL.line + 2 }, runs))
  return group
}

const drawArrow = ({ routes }: PlacedArrow): SVGGElement => {
  const group = svg('g', { class: 'arrow' })
  for (const route of routes) {
    group.append(svg('path', { class: 'line', d: linePath(route) }), svg('path', { class: 'tip', d: tipPath(route) }))
  }
  return group
}

const CORNER_RADIUS = 6

/** Returns the path of an arrow's line, with rounded corners. */
const linePath = (points: readonly Point[]): string =>
  points
    .map(([x, y], index) => {
      const before = points[index - 1]
      const after = points[index + 1]
      if (before === undefined) return `M${x} ${y}`
      if (after === undefined) return `L${x} ${y}`
      const [inX, inY] = moveToward([x, y], before, CORNER_RADIUS)
      const [outX, outY] = moveToward([x, y], after, CORNER_RADIUS)
      return `L${inX} ${inY} Q${x} ${y} ${outX} ${outY}`
    })
    .join(' ')

/** Returns a point on the way to another point, at most halfway. */
const moveToward = ([x, y]: Point, [toX, toY]: Point, distance: number): Point => {
  const length = Math.hypot(toX - x, toY - y)
  const share = length === 0 ? 0 : Math.min(distance, length / 2) / length
  return [x + (toX - x) * share, y + (toY - y) * share]
}

/** Returns the path of an arrow's tip. It is a path of its own, so that it takes the colour of the line. */
const tipPath = (points: readonly Point[]): string => {
  const [x, y] = points.at(-1) ?? [0, 0]
  const [fromX, fromY] = points.at(-2) ?? [x, y - 1]
  const length = Math.hypot(x - fromX, y - fromY) || 1
  const [dx, dy] = [(x - fromX) / length, (y - fromY) / length]
  const [backX, backY] = [x - dx * 8, y - dy * 8]
  return `M${x} ${y} L${backX - dy * 3.6} ${backY + dx * 3.6} L${backX + dy * 3.6} ${backY - dx * 3.6} Z`
}

const drawLabel = ({ label, lines }: PlacedArrow) => {
  const [x, y, width, height] = label
  const element = svg('g', { class: 'label', transform: `translate(${x} ${y})` })
  element.append(svg('rect', { class: 'label-box', width, height, rx: 4 }))
  let row = 0
  const rows = lines.map(({ text }) => {
    const line = svg('text', { x: LABEL.padX, y: LABEL.padY })
    for (const [index, words] of text.entries()) {
      const x = LABEL.padX + (index === 0 ? 0 : LABEL.indent)
      line.append(svg('tspan', { x, y: LABEL.padY + row * LABEL.line + 10.5 }, words))
      row += 1
    }
    return line
  })
  element.append(...rows)
  return { element, rows }
}
