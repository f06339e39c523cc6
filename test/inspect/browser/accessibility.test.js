import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, visit } from './chromium.ts'
import { cutOff, findings, isSettled } from './accessibility.ts'
import { NOW, failureOf, headOf, helloOf, outcomeOf, revisionOf, statusOf, transactionOf } from './fixtures.ts'
import { stageOf } from './fake-inspector.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
const lately = Array.from({ length: 8 }, (_, index) => transactionOf(212 + index, outcomeOf(212 + index)))
const after = (last, more = {}) => helloOf({ transactions: [...lately, last].map(headOf), current: last, ...more })
const nothingYet = () => {
  const source = { name: 'etcd', endpoint: '127.0.0.1:2379', state: 'connecting', since: NOW }
  const {
    serving: _,
    lastKnownGood: __,
    ...status
  } = statusOf({ state: 'idle', inSync: false, modules: {}, goodHistory: [], source })
  return helloOf({ status })
}
const degraded = statusOf({ state: 'degraded', degraded: ['db', 'cache'], inSync: false })
const actions = ['reload', 'retry', 'revert', 'freeze', 'unfreeze', 'confirm']
const preparing = {
  machine: 'reload',
  value: { applying: 'preparing' },
  state: 'preparing',
  active: ['reload.applying', 'reload.applying.preparing'],
  event: 'xstate.done.actor.journalAttempt',
  taken: [
    {
      source: 'reload.applying.journaling',
      event: 'xstate.done.actor.journalAttempt',
      index: 1,
      targets: ['reload.applying.preparing'],
    },
  ],
  at: NOW,
}
const quarantined = { digest: 'd220', revision: '220', code: 'module.prepare-failed', count: 2, since: NOW }
/** How the page looks, by name; the last function leads to what a first event cannot bring. */
const looks = {
  'nothing yet': [nothingYet()],
  'in sync': [after(transactionOf(220, 'committed'))],
  running: [after(transactionOf(220, 'running'), { charts: { ...helloOf().charts, reload: preparing } })],
  'rolled back': [
    after(transactionOf(220, 'rolled-back'), {
      status: statusOf({ state: 'rolled-back', inSync: false, quarantine: [quarantined] }),
      actions,
    }),
  ],
  rejected: [after(transactionOf(220, 'rejected'), { status: statusOf({ state: 'rejected', inSync: false }) })],
  degraded: [after(transactionOf(220, 'degraded'), { status: degraded, actions })],
  frozen: [
    after(transactionOf(220, 'aborted'), {
      status: statusOf({ frozen: { reason: 'sale', since: NOW, waiting: revisionOf(220) } }),
      actions,
    }),
  ],
  'out of reach': [
    after(transactionOf(220, 'committed'), {
      status: statusOf({
        stale: { since: NOW },
        source: { ...statusOf().source, state: 'backing-off', lastError: failureOf('db', 1) },
      }),
    }),
  ],
  'a link lost': [
    after(transactionOf(220, 'committed')),
    async (stage, page) => {
      stage.shut()
      await page.locator('.link').waitFor()
    },
  ],
  'a question': [
    after(transactionOf(220, 'committed'), { actions }),
    async (_, page) => {
      await page.getByRole('button', { name: 'Freeze' }).click()
    },
  ],
}
const views = [
  { width: 1600, height: 1000, theme: 'light', rules: 'all' },
  { width: 1600, height: 1000, theme: 'dark', rules: 'contrast' },
  { width: 360, height: 740, theme: 'dark', rules: 'all' },
  { width: 360, height: 740, theme: 'light', rules: 'contrast' },
]
describe('With axe-core nothing is found, wide and narrow, light and dark, where there is', () => {
  it.each(Object.keys(looks))('%s', async (name) => {
    const [hello, lead] = looks[name] ?? [nothingYet()]
    const stage = await stageOf(hello)
    const { page, complaints } = await visit(browser, stage.url)
    await isSettled(page)
    await lead?.(stage, page)
    // What is lit differs from look to look, what a chart is made of does not: one look has them checked too.
    const without = name === 'in sync' ? [] : ['.chart']
    for (const { theme, rules, ...size } of views) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: theme })
      expect(await findings(page, rules, without), `${size.width} ${theme}`).toEqual([])
      expect(await cutOff(page), `${size.width} ${theme}`).toEqual([])
    }
    // A link that breaks is complained of by the browser itself.
    if (name !== 'a link lost') expect(complaints).toEqual([])
  })
})
