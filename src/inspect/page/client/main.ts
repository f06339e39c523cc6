import { createCharts } from './charts/charts.ts'
import type { Chart } from './charts/chart-data.ts'
import { html, setText, type View } from './dom.ts'
import { createFavicon } from './favicon.ts'
import { outcomes } from './labels.ts'
import * as models from './model.ts'
import { createActionDialog } from './panels/action-dialog.ts'
import { createAttention } from './panels/attention.ts'
import { createConfigTree } from './panels/config-tree.ts'
import { createDetail } from './panels/detail.ts'
import { createHeader } from './panels/header.ts'
import { createHistoryPanel } from './panels/history-panel.ts'
import { createModules } from './panels/modules.ts'
import { createTimeline } from './panels/timeline.ts'
import { fetchRevertPreview, fetchTransaction, sendAction } from './requests.ts'
import { followStream } from './stream.ts'
import { createTabs } from './tabs.ts'
import { now, setClock, setTimer } from './time.ts'

let model = models.initial
let isDrawPending = false

/** Replaces the model. Several changes within one frame are drawn once. */
const setModel = (next: models.Model): void => {
  model = next
  if (isDrawPending) return
  isDrawPending = true
  // A page in the background gets no frames, but its title must stay up to date.
  if (document.hidden) setTimer(250, draw)
  else requestAnimationFrame(draw)
}

const draw = (): void => {
  isDrawPending = false
  for (const view of Object.values(views)) view.update(model)
  updateFavicon(model)
}

/** Announces how each transaction ends: a degraded service at once, any other outcome when the screen reader is idle. */
const createAnnouncements = (): View<models.Model> => {
  const polite = html('p', { role: 'status' })
  const urgent = html('p', { role: 'alert' })
  const element = html('div', { class: 'visually-hidden' }, polite, urgent)
  let announced: string | undefined
  const update = ({ summaries, status }: models.Model): void => {
    if (status === undefined) return
    const last = summaries.findLast(({ outcome }) => outcome !== 'running')
    const key = `${last?.id} ${last?.outcome}`
    const isNew = announced !== undefined && key !== announced
    announced = key
    if (!isNew || last === undefined) return
    const subject = last.revision === undefined ? 'Reload' : `Revision ${last.revision.name}`
    const reason = last.failure === undefined ? '' : `: ${last.failure.message}`
    setText(last.outcome === 'degraded' ? urgent : polite, `${subject} ${outcomes[last.outcome].label}${reason}.`)
  }
  return { element, update }
}

const requested = new Set<string>()
const REQUEST_AGAIN_MS = 2_000

const fetchDetails = async (id: string): Promise<void> => {
  if (requested.has(id)) return
  requested.add(id)
  const transaction = await fetchTransaction(id)
  if (transaction !== undefined) setModel(models.onFetched(model, transaction))
  setTimer(REQUEST_AGAIN_MS, () => requested.delete(id))
}

const select = (id: string | undefined): void => setModel(models.select(model, id))

const dialog = createActionDialog((name, body) => sendAction(name, body, model.csrfToken), fetchRevertPreview)

const views = {
  header: createHeader(dialog),
  attention: createAttention(dialog),
  timeline: createTimeline(select),
  history: createHistoryPanel(select),
  detail: createDetail(select, (id) => void fetchDetails(id)),
  charts: createCharts(JSON.parse(document.querySelector('#charts')?.textContent ?? '[]') as readonly Chart[]),
  modules: createModules(),
  config: createConfigTree(),
  announcements: createAnnouncements(),
}
const updateFavicon = createFavicon()

const section = (id: string, title: string, ...content: readonly HTMLElement[]): HTMLElement =>
  html('section', { id, 'aria-labelledby': `${id}-title` }, html('h2', { id: `${id}-title` }, title), ...content)

document.querySelector('#page')?.replaceChildren(
  views.header.element,
  html(
    'main',
    { id: 'main' },
    views.attention.element,
    section(
      'transactions',
      'Transactions',
      views.timeline.element,
      html('div', { class: 'columns' }, views.history.element, views.detail.element),
    ),
    section('modules', 'Modules', views.modules.element),
    section(
      'inside',
      'Inside',
      createTabs('Inside', [
        { id: 'config', label: 'Effective config', content: views.config.element },
        { id: 'statecharts', label: 'Statecharts', content: views.charts.element, onOpen: views.charts.reveal },
      ]),
    ),
  ),
  dialog.element,
  views.announcements.element,
)

followStream({
  onConnection: (connection) => setModel({ ...model, connection }),
  on: {
    hello: (hello) => {
      setClock(hello.now)
      setModel(models.onHello(model, hello))
    },
    status: (status) => setModel(models.onStatus(model, status, now())),
    holds: (holds) => setModel({ ...model, holds }),
    config: (config) => setModel({ ...model, config }),
    state: (state) => setModel(models.onState(model, state)),
    transaction: (transaction) => setModel(models.onTransaction(model, transaction)),
    reported: (failure) => setModel(models.onReported(model, failure)),
    end: ({ reason }) => setModel({ ...model, connection: { kind: 'ended', reason, at: now() } }),
  },
})

/** Redraws elapsed times, which change without an event. */
const redrawTimes = (): void => {
  const isRunning = model.connection.kind === 'live' && model.summaries.at(-1)?.outcome === 'running'
  setModel(model)
  setTimer(isRunning ? 120 : 1_000, redrawTimes)
}
redrawTimes()
window.addEventListener('resize', () => setModel(model))
