import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { details, useChromium, visibleText } from './chromium.ts'
import { summarize, createHello, createTransaction } from './fixtures.ts'
import { startFakeInspector } from './fake-inspector.ts'

const visit = useChromium()

const all = Array.from({ length: 30 }, (_, index) => createTransaction(190 + index, 'committed'))

/** Opens a page with 30 transactions. */
const openPage = async () => {
  const current = all.at(-1)
  const server = await startFakeInspector(
    createHello({
      transactions: all.map(summarize),
      actions: ['reload', 'freeze'],
      ...(current === undefined ? {} : { current }),
    }),
  )
  for (const each of all) server.addTransaction(each)
  const { page } = await visit(server.url)
  await page.getByRole('option').first().waitFor()
  return { page, server }
}

/** Returns the accessible name of the focused element. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const at = document.activeElement
    return at?.getAttribute('aria-label') ?? at?.getAttribute('data-id') ?? at?.textContent ?? ''
  })

describe('With the keyboard alone', () => {
  it('a user reaches every part in reading order, with a visible focus', async () => {
    const { page } = await openPage()
    const stops: string[] = []
    for (let stop = 0; stop < 30; stop++) {
      await page.keyboard.press('Tab')
      stops.push(await focused(page))
      const outline = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body)
        return `${outlineStyle} ${outlineWidth}`
      })
      if (stops.at(-1)?.startsWith('changeover') !== true) expect(outline, stops.at(-1)).toMatch(/^(solid|auto) [1-9]/)
      if (stops.at(-1) === '(root) 3 keys ') break
    }
    expect(stops).toEqual([
      'Skip to transactions',
      'Reload now',
      'Freeze…',
      'Timeline',
      't-219',
      'JSON',
      'Mermaid',
      'Changes by path',
      'Module graph',
      'Effective config',
      '(root) 3 keys ',
    ])
  })

  it('a user selects a transaction with the arrows, and it stays selected when newer ones arrive', async () => {
    const { page, server } = await openPage()
    const title = details(page).getByRole('heading', { level: 3 })
    await page.getByRole('option').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => visibleText(title)).toBe('Revision 217')
    expect(await focused(page)).toBe('t-217')
    server.send('transaction', createTransaction(220, 'committed'))
    await expect.poll(() => page.getByRole('option').count()).toBe(31)
    expect(await visibleText(title)).toBe('Revision 217')
    expect(await focused(page)).toBe('t-217')
    await page.keyboard.press('End')
    await expect.poll(() => visibleText(title)).toBe('Revision 190')
    await page.keyboard.press('Home')
    await expect.poll(() => visibleText(title)).toBe('Revision 220')
    // Home selects the newest transaction, so the page follows the newest again.
    server.send('transaction', createTransaction(221, 'committed'))
    await expect.poll(() => visibleText(title)).toBe('Revision 221')
  })

  it('a user can press keys faster than frames, and the focus stays on a transaction that ends', async () => {
    const { page, server } = await openPage()
    await page.getByRole('option').first().focus()
    await page.evaluate(() => {
      for (let press = 0; press < 5; press++) {
        document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))
      }
    })
    expect(await focused(page)).toBe('t-214')
    await page.keyboard.press('Home')
    server.send('transaction', createTransaction(220, 'running'))
    await page.getByRole('option', { name: /running/ }).focus()
    server.send('transaction', createTransaction(220, 'committed'))
    await expect.poll(() => page.getByRole('option', { name: /running/ }).count()).toBe(0)
    expect(await focused(page)).toBe('t-220')
  })

  it('a user keeps the last selection even if an earlier one loads later', async () => {
    const { page, server } = await openPage()
    const release = server.holdTransaction('t-217')
    const head = page.waitForResponse((response) => response.url().endsWith('t-217.json'))
    await page.getByRole('option').nth(2).click()
    await head
    await expect.poll(() => visibleText(details(page))).toBe('Loading…')
    await page.getByRole('option').nth(5).click()
    await expect.poll(() => visibleText(details(page))).toContain('Revision 214')
    const body = page.waitForEvent('requestfinished', (request) => request.url().endsWith('t-217.json'))
    release()
    await body
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    expect(await visibleText(details(page))).toContain('Revision 214')
    // The late answer was stored, so it opens without a request.
    await page.getByRole('option').nth(2).click()
    await expect.poll(() => visibleText(details(page))).toContain('Revision 217')
    await page.getByRole('option').nth(5).click()
    await expect.poll(() => visibleText(details(page))).toContain('Revision 214')
    expect(await page.getByRole('option', { selected: true }).getAttribute('data-id')).toBe('t-214')
  })

  it('a user cannot leave a dialog with Tab, and gets the focus back afterwards', async () => {
    const { page } = await openPage()
    const button = page.getByRole('button', { name: 'Freeze…' })
    await button.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Freeze changes?' })
    await dialog.waitFor()
    expect(
      await dialog.getByRole('textbox', { name: 'Reason' }).evaluate((element) => element === document.activeElement),
    ).toBe(true)
    for (let stop = 0; stop < 5; stop++) {
      await page.keyboard.press('Tab')
      const isOutside = await page.evaluate(
        () => document.activeElement !== document.body && document.activeElement?.closest('dialog') === null,
      )
      expect(isOutside).toBe(false)
    }
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it('a user scrolls a chart with the arrows, and shows the whole chart', async () => {
    const { page } = await openPage()
    await page.getByRole('tab', { name: 'Effective config' }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await focused(page)).toBe('Statecharts')
    const viewport = page.getByRole('group', { name: 'reload chart, scrollable' })
    await viewport.focus()
    const before = await viewport.evaluate((element) => element.scrollTop)
    for (let press = 0; press < 6; press++) await page.keyboard.press('ArrowDown')
    await expect.poll(() => viewport.evaluate((element) => element.scrollTop)).toBeGreaterThan(before)
    const whole = page.locator('[data-machine="reload"]').getByRole('button', { name: 'Whole chart' })
    await whole.focus()
    await page.keyboard.press('Space')
    expect(await whole.getAttribute('aria-pressed')).toBe('true')
    const fits = await viewport.evaluate((element) => element.scrollHeight <= element.clientHeight + 1)
    expect(fits).toBe(true)
  })
})
