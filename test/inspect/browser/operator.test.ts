import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import {
  details,
  openStatecharts,
  useChromium,
  takeScreenshot,
  waitForHeadline,
  headline,
  visibleText,
} from './chromium.ts'
import { BAD_MAX, BAD_TARGET, type Config, startService } from './service.ts'

const visit = useChromium()

const textsOf = (page: Page, selector: string): Promise<readonly string[]> =>
  page.locator(selector).evaluateAll((elements) => elements.map((element) => element.textContent ?? ''))

const highlightedStates = (page: Page, machine: string): Promise<readonly string[]> =>
  page
    .locator(`[data-machine="${machine}"] .state[data-lit]`)
    .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-id') ?? ''))

const newest = (page: Page) => page.getByRole('option').first()
const fact = (page: Page, name: string) => page.locator('.fact', { hasText: name })

describe('The operator of a running service', () => {
  it('sees a commit: what serves now, how long each module took, and what changed', async () => {
    const { url, put } = await startService()
    const { page, consoleErrors } = await visit(url)
    await waitForHeadline(page, 'In sync')
    expect(await visibleText(fact(page, 'Serving'))).toContain('1 soak passed')

    put((next) => {
      next.log.level = 'debug'
      next.cache.intervalMs = 1_000
      next.db.password = 'another'
    })
    await expect.poll(() => visibleText(fact(page, 'Serving'))).toContain('2 soak passed')
    await waitForHeadline(page, 'In sync')
    await expect.poll(() => visibleText(newest(page))).toMatch(/committed.*revision 2.*3 modules/)

    const rows = details(page).getByRole('listitem')
    expect(await rows.locator('.name').allInnerTexts()).toEqual(['logger', 'db', 'cache'])
    await expect.poll(() => visibleText(rows.nth(1))).toMatch(/replace prepare \d.* ms commit .* ms soak .* ms close/)
    const changes = details(page).getByRole('table', { name: 'Changes by path' })
    const shown = await visibleText(changes)
    expect(shown).toContain('log.level from "info" → to "debug"')
    expect(shown).toContain('cache.intervalMs from 30000 → to 1000')
    expect(shown).toContain('db.password changed, value hidden')

    await openStatecharts(page)
    expect(await highlightedStates(page, 'reload')).toEqual(['reload.resting', 'reload.resting.committed'])
    expect(await highlightedStates(page, 'watch')).toEqual(['watch.following', 'watch.following.watching'])
    expect(await textsOf(page, '[data-machine="reload"] .label[data-lit] text[data-lit]')).toEqual(['done'])
    expect(await page.title()).toContain('In sync')
    expect(consoleErrors).toEqual([])
  })

  it('sees a rollback: which module failed and why, and that the old config still serves', async () => {
    const { url, put } = await startService()
    const { page, consoleErrors } = await visit(url)
    await waitForHeadline(page, 'In sync')
    put((next) => {
      next.db.max = BAD_MAX
    })
    await waitForHeadline(page, 'Rolled back revision 2')
    const header = await visibleText(page.locator('header'))
    expect(header).toContain('module "db", phase prepare')
    expect(header).toContain('Still serving revision 1.')
    expect(header).toContain('Source revision 2 different config')
    expect(await highlightedStates(page, 'reload')).toEqual(['reload.resting', 'reload.resting.rolled-back'])
    expect(await textsOf(page, '[data-machine="reload"] .label[data-lit] text[data-lit]')).toEqual(['done'])
    const row = details(page).getByRole('listitem').filter({ hasText: 'failed' })
    expect(await visibleText(row.first())).toContain('module.prepare-failed')
    expect(await visibleText(details(page))).toContain('Failures')
    expect(consoleErrors).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await takeScreenshot(page, 'rolled-back')
  })

  it('sees a rejection: what is wrong with the document, and that no module was called', async () => {
    const { url, put } = await startService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    put((next) => {
      Object.assign(next.cache, { intervalMs: 'soon' })
    })
    await waitForHeadline(page, 'Rejected revision 2')
    expect(await visibleText(page.locator('header'))).toContain('cache.intervalMs')
    expect(await visibleText(details(page))).toContain('No module was called.')
    expect(await highlightedStates(page, 'reload')).toEqual(['reload.resting', 'reload.resting.rejected'])
  })

  it('cannot overlook a degraded service', async () => {
    const { url, put } = await startService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    const calm = await headline(page).evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
    put((next) => {
      next.routes.target = BAD_TARGET
    })
    await waitForHeadline(page, 'Degraded: 1 module')
    expect(await visibleText(page.locator('header'))).toContain('routes may not serve revision 1')
    const loud = await headline(page).evaluate((element) => {
      const { fontSize, color } = getComputedStyle(element)
      const ground = getComputedStyle(element.closest('.headline') ?? element).backgroundColor
      return { size: Number.parseFloat(fontSize), color, ground }
    })
    expect(loud.size).toBeGreaterThan(calm)
    expect(loud).toMatchObject({ color: 'rgb(255, 255, 255)', ground: 'rgb(179, 20, 27)' })
    expect(await visibleText(page.getByRole('alert'))).toContain('degraded')
    const card = page.locator('.module', { hasText: 'routes' })
    expect(await visibleText(card)).toContain('degraded')
    expect(await page.title()).toContain('Degraded')
    await takeScreenshot(page, 'degraded')
  })

  it('sees the outcome of recent changes, newest first, and can open each of them', async () => {
    const { url, put, reloader } = await startService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    // Changes that commit, and one that fails in each way.
    const changes: readonly ((next: Config) => void)[] = [
      (next) => Object.assign(next.log, { level: 'debug' }),
      (next) => Object.assign(next.cache, { intervalMs: 1_000 }),
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
    await expect
      .poll(() => page.getByRole('option').locator('.outcome').allInnerTexts())
      .toEqual([
        ...['committed', 'committed', 'committed', 'rejected', 'committed'],
        ...['rolled back', 'committed', 'committed', 'committed'],
      ])
    await waitForHeadline(page, 'In sync')
    expect(await visibleText(page.locator('.strip .sum'))).toBe(
      '9 transactions: 7 committed, 1 rolled back, 1 rejected',
    )
    await takeScreenshot(page, 'committed')
    await openStatecharts(page)
    await takeScreenshot(page.locator('[data-machine="reload"]'), 'statechart')
    await page.getByRole('tab', { name: 'Effective config' }).click()
    await page.setViewportSize({ width: 390, height: 844 })
    await takeScreenshot(page, 'narrow')
    await page.getByRole('option').nth(3).click()
    await expect.poll(() => visibleText(details(page))).toContain('Revision 6')
    expect(await visibleText(details(page))).toContain('cache.intervalMs')
  })

  it('sees that the service closed its reloader', async () => {
    const { url, reloader } = await startService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    await reloader.close()
    await waitForHeadline(page, 'Closed')
    expect(await visibleText(page.locator('.connection'))).toContain('The service closed its reloader')
  })
})
