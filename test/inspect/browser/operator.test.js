import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, picture, untilVerdict, verdict, visit, words } from './chromium.ts'
import { BAD_MAX, BAD_TARGET, startService } from './service.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
const lit = (page, selector) =>
  page.locator(selector).evaluateAll((elements) => elements.map((element) => element.textContent ?? ''))
const litStates = (page, machine) =>
  page
    .locator(`[data-machine="${machine}"] .state[data-lit]`)
    .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-id') ?? ''))
const newest = (page) => page.getByRole('option').first()
const opened = (page) => page.getByRole('region', { name: 'The opened transaction' })
const fact = (page, name) => page.locator('.fact', { hasText: name })
describe('A person who looks at a running service', () => {
  it('sees a commit: what serves now, how long each module took, and what has changed', async () => {
    const { url, put } = await startService()
    const { page, complaints } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    expect(await words(fact(page, 'Serves'))).toContain('1 proved')
    put((next) => {
      next.log.level = 'debug'
      next.cache.intervalMs = 1000
      next.db.password = 'another'
    })
    await expect.poll(() => words(fact(page, 'Serves'))).toContain('2 proved')
    await untilVerdict(page, 'In sync')
    await expect.poll(() => words(newest(page))).toMatch(/committed.*revision 2.*3 modules/)
    const rows = opened(page).getByRole('listitem')
    expect(await rows.locator('.name').allInnerTexts()).toEqual(['logger', 'db', 'cache'])
    await expect.poll(() => words(rows.nth(1))).toMatch(/replace prepare \d.* ms commit .* ms soak .* ms close/)
    const changes = opened(page).getByRole('table', { name: 'Changes by path' })
    const shown = await words(changes)
    expect(shown).toContain('log.level from "info" → to "debug"')
    expect(shown).toContain('cache.intervalMs from 30000 → to 1000')
    expect(shown).toContain('db.password changed, value not shown')
    expect(await litStates(page, 'reload')).toEqual(['reload.resting', 'reload.resting.committed'])
    expect(await litStates(page, 'watch')).toEqual(['watch.following', 'watch.following.watching'])
    expect(await lit(page, '[data-machine="reload"] .label[data-lit] text[data-lit]')).toEqual(['done'])
    expect(await page.title()).toContain('In sync')
    expect(complaints).toEqual([])
  })
  it('sees a rollback: which module failed, why, and that the old config serves', async () => {
    const { url, put } = await startService()
    const { page, complaints } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    put((next) => {
      next.db.max = BAD_MAX
    })
    await untilVerdict(page, 'Rolled back revision 2')
    const said = await words(page.locator('header'))
    expect(said).toContain('module "db", phase prepare')
    expect(said).toContain('Revision 1 keeps serving.')
    expect(said).toContain('Source holds 2 another')
    expect(await litStates(page, 'reload')).toEqual(['reload.resting', 'reload.resting.rolled-back'])
    expect(await lit(page, '[data-machine="reload"] .label[data-lit] text[data-lit]')).toEqual(['done'])
    const row = opened(page).getByRole('listitem').filter({ hasText: 'failed' })
    expect(await words(row.first())).toContain('module.prepare-failed')
    expect(await words(opened(page))).toContain('What failed')
    expect(complaints).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await picture(page, 'rolled-back')
  })
  it('sees a rejection: what is wrong with the document, and that no module was called', async () => {
    const { url, put } = await startService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    put((next) => {
      Object.assign(next.cache, { intervalMs: 'soon' })
    })
    await untilVerdict(page, 'Refused revision 2')
    expect(await words(page.locator('header'))).toContain('cache.intervalMs')
    expect(await words(opened(page))).toContain('No module was called.')
    expect(await litStates(page, 'reload')).toEqual(['reload.resting', 'reload.resting.rejected'])
  })
  it('cannot miss that it is degraded', async () => {
    const { url, put } = await startService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    const calm = await verdict(page).evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
    put((next) => {
      next.routes.target = BAD_TARGET
    })
    await untilVerdict(page, 'Degraded: 1 module')
    expect(await words(page.locator('header'))).toContain('routes may not serve revision 1')
    const loud = await verdict(page).evaluate((element) => {
      const { fontSize, color } = getComputedStyle(element)
      const ground = getComputedStyle(element.closest('.verdict') ?? element).backgroundColor
      return { size: Number.parseFloat(fontSize), color, ground }
    })
    expect(loud.size).toBeGreaterThan(calm)
    expect(loud).toMatchObject({ color: 'rgb(255, 255, 255)', ground: 'rgb(179, 20, 27)' })
    expect(await words(page.getByRole('alert'))).toContain('degraded')
    const card = page.locator('.module', { hasText: 'routes' })
    expect(await words(card)).toContain('degraded')
    expect(await page.title()).toContain('Degraded')
    await picture(page, 'degraded')
  })
  it('sees how the last changes went, the newest first, and opens any of them', async () => {
    const { url, put, reloader } = await startService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    // A change, then one that fails in each way, then the next.
    const changes = [
      (next) => Object.assign(next.log, { level: 'debug' }),
      (next) => Object.assign(next.cache, { intervalMs: 1000 }),
      (next) => Object.assign(next.db, { max: BAD_MAX }),
      (next) => Object.assign(next.db, { max: 8 }),
      (next) => Object.assign(next.cache, { intervalMs: 'soon' }),
      (next) => Object.assign(next.routes, { target: 'green' }),
      (next) => Object.assign(next.db, { max: 9, password: 'another' }),
      (next) =>
        Object.assign(next, { log: { level: 'warn' }, db: { ...next.db, max: 12 }, cache: { intervalMs: 500 } }),
    ]
    for (const [index, change] of changes.entries()) {
      put(change)
      await expect.poll(() => reloader.status().last?.epoch).toBe(index + 2)
    }
    await expect.poll(() => page.getByRole('option').count()).toBe(9)
    await untilVerdict(page, 'In sync')
    expect(await page.getByRole('option').locator('.word').allInnerTexts()).toEqual([
      ...['committed', 'committed', 'committed', 'rejected', 'committed'],
      ...['rolled back', 'committed', 'committed', 'committed'],
    ])
    expect(await words(page.locator('.strip .sum'))).toBe('9 transactions: 7 committed, 1 rolled back, 1 rejected')
    await picture(page, 'committed')
    await picture(page.locator('[data-machine="reload"]'), 'statechart')
    await page.setViewportSize({ width: 390, height: 844 })
    await picture(page, 'narrow')
    await page.getByRole('option').nth(3).click()
    await expect.poll(() => words(opened(page))).toContain('Revision 6')
    expect(await words(opened(page))).toContain('cache.intervalMs')
  })
  it('sees that the service has closed its reloader', async () => {
    const { url, reloader } = await startService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    await reloader.close()
    await untilVerdict(page, 'Closed')
    expect(await words(page.locator('.link'))).toContain('The service closed its reloader')
  })
})
