import type { ActionAnswer, InspectedTransaction } from '../../stream/protocol.ts'
import { type Actions, answerText } from './panels/actions.ts'
import { announcer } from './screen-reader.ts'
import type { Chart } from './charts/chart-data.ts'
import { charts } from './charts/charts.ts'
import { detail } from './panels/detail.ts'
import { html } from './dom.ts'
import { header } from './panels/header.ts'
import { history } from './panels/history-panel.ts'
import * as models from './model.ts'
import { modules } from './panels/modules.ts'
import { follow } from './stream.ts'
import { tabMark } from './favicon.ts'
import { later, now, setClock } from './time.ts'
import { timeline } from './panels/timeline.ts'

let model = models.initial
let isDue = false

/** Draws at the next frame; many changes are one drawing. */
const change = (next: models.Model): void => {
  model = next
  if (isDue) return
  isDue = true
  // A page in the background has no frames, yet its title must be true.
  if (document.hidden) later(250, drawAll)
  else requestAnimationFrame(drawAll)
}

const actions: Actions = {
  send: async (name, body) => {
    try {
      const response = await fetch(`actions/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-changeover-csrf': model.csrf },
        body: JSON.stringify(body),
      })
      return answerText((await response.json()) as ActionAnswer)
    } catch {
      return { ok: false, text: 'The service did not answer. Look at the connection above, then try again.' }
    }
  },
}

const asked = new Set<string>()

const fetchWhole = async (id: string): Promise<void> => {
  if (asked.has(id)) return
  asked.add(id)
  try {
    const response = await fetch(`transactions/${encodeURIComponent(id)}.json`, { cache: 'no-store' })
    if (response.ok) {
      const whole = (await response.json()) as InspectedTransaction
      change(models.onFetched(model, whole)) // the model of now, not the one before the answer
    }
  } catch {
    // The link says that it is lost.
  }
  later(2_000, () => asked.delete(id))
}

const choose = (id: string | undefined): void => change(models.choose(model, id))

const section = (id: string, title: string, ...content: readonly HTMLElement[]): HTMLElement =>
  html('section', { id, 'aria-labelledby': `${id}-title` }, html('h2', { id: `${id}-title` }, title), ...content)

const parts = {
  header: header(actions),
  timeline: timeline(choose),
  history: history(choose),
  detail: detail(choose, (id) => void fetchWhole(id)),
  charts: charts(JSON.parse(document.querySelector('#charts')?.textContent ?? '[]') as readonly Chart[]),
  modules: modules(),
}
const announce = announcer()
const mark = tabMark()

const drawAll = (): void => {
  isDue = false
  for (const part of Object.values(parts)) part.update(model)
  announce.update(model)
  mark(model)
}

/** What runs and what is "since" goes on without an event. */
const tick = (): void => {
  const isRunning = model.link.kind === 'live' && model.heads.at(-1)?.outcome === 'running'
  change(model)
  later(isRunning ? 120 : 1_000, tick)
}

document
  .querySelector('#page')
  ?.replaceChildren(
    parts.header.element,
    html(
      'main',
      { id: 'main' },
      section(
        'transactions',
        'Transactions',
        parts.timeline.element,
        html('div', { class: 'columns' }, parts.history.element, parts.detail.element),
      ),
      section('statecharts', 'Statecharts', parts.charts.element),
      section('modules', 'Modules', parts.modules.element),
    ),
    announce.element,
  )

follow({
  link: (link) => change({ ...model, link }),
  on: {
    hello: (hello) => {
      setClock(hello.now)
      change(models.onHello(model, hello))
    },
    status: (status) => change(models.onStatus(model, status, now())),
    state: (state) => change(models.onState(model, state)),
    transaction: (whole) => change(models.onTransaction(model, whole)),
    reported: (failure) => change(models.onReported(model, failure)),
    bye: ({ reason }) => change({ ...model, link: { kind: 'ended', reason, at: now() } }),
  },
})
tick()
window.addEventListener('resize', () => change(model))
