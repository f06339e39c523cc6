import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, visit, words } from './chromium.ts'
import { cutOff, findings, isSettled } from './accessibility.ts'
import {
  NOW,
  failureOf,
  fewModules,
  headOf,
  helloOf,
  manyModules,
  outcomeOf,
  revisionOf,
  statusOf,
  transactionOf,
} from './fixtures.ts'
import { stageOf } from './fake-inspector.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
/** Rows of one kind: the first ones stand for all. */
const ALIKE = ['.chart', '.rows li:nth-child(n + 30)', '.module:nth-child(n + 15)', '.bars li:nth-child(n + 15)']
const busy = () => {
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
describe('With 200 transactions of 60 modules the page', () => {
  it('has no findings, and what is opened comes from the service', async () => {
    const { hello, all } = busy()
    const stage = await stageOf(hello)
    for (const each of all) stage.keep(each)
    const { page, complaints } = await visit(browser, stage.url)
    await isSettled(page)
    expect(await page.getByRole('option').count()).toBe(200)
    expect(await findings(page, 'all', ALIKE)).toEqual([])
    await page.getByRole('option').nth(120).click()
    const opened = page.getByRole('region', { name: 'The opened transaction' })
    await expect.poll(() => words(opened.getByRole('heading', { level: 3 }))).toBe('Revision 99')
    expect(await opened.getByRole('list', { name: 'Modules in dependency order' }).getByRole('listitem').count()).toBe(
      60,
    )
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await findings(page, 'all', ALIKE)).toEqual([])
    expect(await cutOff(page)).toEqual([])
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
    const changes = await page.evaluate(() => window.counts.changes)
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
      diff: { count: 1, differences: [{ path: hostile, change: 'changed', from: hostile, to: hostile }] },
    }
    const status = statusOf({ state: 'rolled-back', frozen: { reason: hostile, since: NOW } }, shape)
    const stage = await stageOf(
      helloOf({ transactions: [headOf(last)], current: last, status, actions: ['reload', 'freeze'] }),
    )
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
    expect(await cutOff(page)).toEqual([])
  })
})
