import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as machines from '../../../machines/index.ts'
import { script, style } from '../../../src/inspect/page/generated/assets.ts'
import { charts } from '../../../src/inspect/page/generated/charts.ts'
import { type Box, type Chart, LABEL, NAME } from '../../../src/inspect/page/client/charts/chart-data.ts'
import { renderPage } from '../../../src/inspect/page/render-page.ts'
import { nodesOf } from '../../machines/walk/definition.ts'
import { COMMAND, generatePage } from './generate-page.ts'

const drawn = JSON.parse(charts) as readonly Chart[]
const machineList = Object.values(machines).filter((value) => 'root' in value)
const chartOf = (id: string): Chart =>
  drawn.find((chart) => chart.id === id) ?? { id, size: [0, 0], states: [], arrows: [] }

const isWithin = ([x, y, width, height]: Box, [left, top, wide, high]: Box): boolean =>
  x >= left && y >= top && x + width <= left + wide && y + height <= top + high

const overlap = ([x, y, width, height]: Box, [left, top, wide, high]: Box): boolean =>
  x < left + wide && left < x + width && y < top + high && top < y + height

it('The page that is checked in matches its sources and the machines', async () => {
  for (const [path, text] of await generatePage()) {
    expect(readFileSync(path, 'utf8') === text, `${path} is out of date: ${COMMAND}`).toBe(true)
  }
})

it('Every machine has a chart', () => {
  expect(drawn.map(({ id }) => id).sort()).toEqual(machineList.map(({ id }) => id).sort())
})

describe.each(machineList.map((machine) => [machine.id, machine] as const))('The chart of %s', (id, machine) => {
  const chart = chartOf(id)
  const [, ...nodes] = nodesOf(machine)
  const boxes = new Map(chart.states.map((state) => [state.id, state.box]))

  it('has every state, inside its parent', () => {
    const states = chart.states.filter(({ kind }) => kind !== 'any')
    expect(states.map((state) => state.id).sort()).toEqual(nodes.map((node) => node.id).sort())
    for (const node of nodes) {
      const outer = node.parent === machine.root ? ([0, 0, ...chart.size] as const) : boxes.get(node.parent?.id ?? '')
      expect(isWithin(boxes.get(node.id) ?? [0, 0, 0, 0], outer ?? [0, 0, 0, 0]), node.id).toBe(true)
    }
  })

  it('has every transition with a target, under the key that the service uses', () => {
    const keys = nodes
      .concat(machine.root)
      .flatMap((node) =>
        [...[['', node.always ?? []] as const], ...node.transitions].flatMap(([event, transitions]) =>
          transitions.flatMap(({ target }, index) => (target === undefined ? [] : [`${node.id} ${event} ${index}`])),
        ),
      )
    expect(chart.arrows.flatMap(({ lines }) => lines.flatMap((line) => line.keys)).sort()).toEqual(keys.sort())
  })

  it('draws each arrow from its source to its target', () => {
    const touches = ([x, y]: readonly [number, number], [left, top, width, height]: Box): boolean =>
      isWithin([x, y, 0, 0], [left - 1, top - 1, width + 2, height + 2])
    for (const { from, to, routes } of chart.arrows) {
      expect(routes).not.toEqual([])
      const source = from === machine.id ? undefined : boxes.get(from)
      expect(touches(routes[0]?.[0] ?? [0, 0], source ?? [0, 0, 0, 0]), `${from} → ${to}`).toBe(true)
      expect(touches(routes.at(-1)?.at(-1) ?? [0, 0], boxes.get(to) ?? [0, 0, 0, 0]), `${from} → ${to}`).toBe(true)
    }
  })

  it('fits every text, and no label overlaps another label or a state', () => {
    const labels = chart.arrows.map(({ label }) => label)
    const inner = chart.states.filter(({ kind }) => kind !== 'compound')
    for (const { name, kind, runs = '', box } of inner.filter(({ kind: each }) => each !== 'history')) {
      expect(name.length * NAME.letter, `${name} ${kind}`).toBeLessThanOrEqual(box[2])
      expect(runs.length * LABEL.letter, `${name} ${kind}`).toBeLessThanOrEqual(box[2])
    }
    for (const [index, { label, lines, from, to }] of chart.arrows.entries()) {
      const rows = lines.flatMap(({ text }) =>
        text.map((words, row) => words.length * LABEL.letter + (row === 0 ? 0 : LABEL.indent)),
      )
      expect(Math.max(...rows), `${from} → ${to}`).toBeLessThanOrEqual(label[2])
      expect(rows.length * LABEL.line, `${from} → ${to}`).toBeLessThanOrEqual(label[3])
      expect(
        labels.some((other, at) => at > index && overlap(label, other)),
        `${from} → ${to}`,
      ).toBe(false)
      expect(
        inner.filter(({ box }) => overlap(label, box)).map((state) => state.id),
        `${from} → ${to}`,
      ).toEqual([])
    }
  })
})

describe('The page', () => {
  const page = renderPage('bm9uY2U=')

  it('is self-contained and has no address of another server', () => {
    expect(page).toContain(script)
    expect(page).toContain(style)
    expect(page).toContain(charts)
    const addresses = [...page.matchAll(/\b(?:https?|wss?):\/\/[^\s'"`)]+/g)].map(([address]) => address)
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']))
    expect(page).not.toMatch(/@import|url\(/)
  })

  it('complies with its content security policy: no inline style or handler, and a nonce on each script and style', () => {
    const markup = page.replace(script, '').replace(style, '').replace(charts, '')
    expect(markup).not.toMatch(/\sstyle=|\son\w+=/)
    expect([...markup.matchAll(/<(?:style|script)\b[^>]*>/g)].map(([tag]) => tag)).toEqual([
      '<style nonce="bm9uY2U=">',
      '<script type="application/json" id="charts">',
      '<script type="module" nonce="bm9uY2U=">',
    ])
  })

  it('ends no element early, and parses no data as markup', () => {
    expect(`${script}${style}${charts}`).not.toMatch(/<\/|<!--/)
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function/)
  })

  it('stores nothing in the browser', () => {
    expect(script).not.toMatch(/localStorage|sessionStorage|indexedDB|document\.cookie|caches\b|serviceWorker/)
  })
})
