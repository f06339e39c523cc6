import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Hello } from '../../src/inspect/wire.ts'
import { openBrowser, visit, words } from './chromium.ts'
import {
  NOW,
  failureOf,
  fewModules,
  headOf,
  helloOf,
  manyModules,
  revisionOf,
  statusOf,
  transactionOf,
} from './made-up.ts'
import { openStage, type Stage } from './stage.ts'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

interface Finding {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[]
}

/** What axe-core finds wrong, as lines. All its rules, or those on contrast where only the colours are others. */
const findings = async (
  page: Page,
  rules: 'all' | 'contrast' = 'all',
  without: readonly string[] = [],
): Promise<readonly string[]> => {
  const only = rules === 'all' ? '' : `, runOnly: { type: 'rule', values: ['color-contrast'] }`
  const found = (await page.evaluate(
    `axe.run({ exclude: ${JSON.stringify(without)} }, { resultTypes: ['violations']${only} }).then(({ violations }) => violations)`,
  )) as Finding[]
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary ?? ''}`),
  )
}

const outcomeOf = (epoch: number) => {
  if (epoch % 17 === 0) return 'rolled-back'
  if (epoch % 23 === 0) return 'rejected'
  if (epoch % 13 === 0) return 'superseded'
  return epoch % 29 === 0 ? 'unchanged' : 'committed'
}

const lately = Array.from({ length: 24 }, (_, index) => transactionOf(196 + index, outcomeOf(196 + index)))

const after = (last: ReturnType<typeof transactionOf>, more: Partial<Hello> = {}): Hello =>
  helloOf({ transactions: [...lately, last].map(headOf), current: last, ...more })

const nothingYet = (): Hello => {
  const source = { name: 'etcd', endpoint: '127.0.0.1:2379', state: 'connecting', since: NOW } as const
  const {
    serving: _,
    lastGood: __,
    ...status
  } = statusOf({ state: 'idle', inSync: false, modules: {}, history: [], source })
  return helloOf({ status })
}

const busy = (): { readonly hello: Hello; readonly all: readonly ReturnType<typeof transactionOf>[] } => {
  const shape = manyModules(60)
  const all = Array.from({ length: 200 }, (_, index) => transactionOf(20 + index, outcomeOf(20 + index), shape))
  const current = all.at(-1)
  const hello = helloOf({
    status: statusOf({}, shape),
    transactions: all.map(headOf),
    ...(current === undefined ? {} : { current }),
  })
  return { hello, all }
}

const degraded = statusOf({ state: 'degraded', degraded: ['db', 'cache'], inSync: false })

const actions = ['reload', 'retry', 'revert', 'freeze', 'unfreeze', 'confirm'] as const

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
} as const

const quarantined = { digest: 'd220', revision: '220', code: 'module.prepare-failed', count: 2, since: NOW } as const

/** How the page looks, by name; the last function leads to what a first event cannot bring. */
const looks: Readonly<Record<string, readonly [Hello, ((stage: Stage, page: Page) => Promise<unknown>)?]>> = {
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
] as const

const stageOf = async (hello: Hello): Promise<Stage> => {
  const stage = await openStage(hello)
  onTestFinished(() => stage.close())
  return stage
}

const isSettled = (page: Page): Promise<void> => page.locator('.chart .state[data-lit]').first().waitFor()

describe('With axe-core nothing is found, wide and narrow, light and dark, where there is', () => {
  it.each(Object.keys(looks))('%s', async (name) => {
    const [hello, lead] = looks[name] ?? [nothingYet()]
    const stage = await stageOf(hello)
    const { page, complaints } = await visit(browser, stage.url)
    await isSettled(page)
    await lead?.(stage, page)
    await page.evaluate(axe)
    // What is lit differs from look to look, what a chart is made of does not: one look has them checked too.
    const without = name === 'in sync' ? [] : ['.chart']
    for (const { theme, rules, ...size } of views) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: theme })
      expect(await findings(page, rules, without), `${size.width} ${theme}`).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, `${size.width} ${theme}`).toBeLessThanOrEqual(0)
    }
    // A link that breaks is complained of by the browser itself.
    if (name !== 'a link lost') expect(complaints).toEqual([])
  })
})

describe('With 200 transactions of 60 modules the page', () => {
  it('has no findings, and what is opened comes from the service', async () => {
    const { hello, all } = busy()
    const stage = await stageOf(hello)
    for (const each of all) stage.keep(each)
    const { page, complaints } = await visit(browser, stage.url)
    await isSettled(page)
    expect(await page.getByRole('option').count()).toBe(200)
    await page.evaluate(axe)
    expect(await findings(page)).toEqual([])
    await page.getByRole('option').nth(120).click()
    const opened = page.getByRole('region', { name: 'The opened transaction' })
    await expect.poll(() => words(opened.getByRole('heading', { level: 3 }))).toBe('Revision 99')
    expect(await opened.getByRole('list', { name: 'Modules in dependency order' }).getByRole('listitem').count()).toBe(
      60,
    )
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await findings(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
  })

  it('draws a storm of events as few frames, and keeps the 200 newest', async () => {
    const { hello } = busy()
    const stage = await stageOf(hello)
    const { page } = await visit(browser, stage.url)
    await isSettled(page)
    await page.evaluate(() => {
      const counts = { changes: 0 }
      Object.assign(window, { counts })
      new MutationObserver(() => {
        counts.changes += 1
      }).observe(document.querySelector('.rows') ?? document.body, { childList: true })
    })
    const shape = manyModules(60)
    for (let epoch = 220; epoch < 520; epoch++) stage.tell('transaction', transactionOf(epoch, 'committed', shape))
    await expect.poll(() => words(page.getByRole('option').first())).toContain('519')
    expect(await page.getByRole('option').count()).toBe(200)
    const changes = await page.evaluate(() => (window as unknown as { counts: { changes: number } }).counts.changes)
    expect(changes).toBeLessThan(300)
  })
})

describe('Hostile names and texts', () => {
  it('are shown as text and do nothing', async () => {
    const hostile = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'
    const shape = [...fewModules, { module: hostile, after: ['logger'] }, { module: '__proto__', after: [hostile] }]
    const failure = {
      ...failureOf(hostile, 220),
      message: hostile,
      hint: hostile,
      cause: { name: hostile, code: hostile },
    }
    const last = {
      ...transactionOf(220, 'rolled-back', shape),
      failures: [failure],
      failure,
      revision: { ...revisionOf(220), name: hostile },
      diff: { count: 1, differences: [{ path: hostile, change: 'changed' as const, from: hostile, to: hostile }] },
    }
    const status = statusOf({ state: 'rolled-back', frozen: { reason: hostile, since: NOW } }, shape)
    const stage = await stageOf(after(last, { status, actions }))
    const { page, requests, complaints } = await visit(browser, stage.url)
    await isSettled(page)
    expect(await words(page.locator('header'))).toContain('<img src=x')
    expect(await words(page.getByRole('region', { name: 'The opened transaction' }))).toContain('<script>')
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('body script').count()).toBe(2)
    expect(await page.title()).not.toBe('owned')
    expect(requests.every((each) => each.startsWith(stage.url) || each.startsWith('data:'))).toBe(true)
    expect(complaints).toEqual([])
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  })
})
