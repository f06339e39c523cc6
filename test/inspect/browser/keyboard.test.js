import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openBrowser, visit, words } from './chromium.ts'
import { headOf, helloOf, transactionOf } from './fixtures.ts'
import { openStage } from './fake-inspector.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
const all = Array.from({ length: 30 }, (_, index) => transactionOf(190 + index, 'committed'))
const openPage = async () => {
  const current = all.at(-1)
  const stage = await openStage(
    helloOf({
      transactions: all.map(headOf),
      actions: ['reload', 'freeze'],
      ...(current === undefined ? {} : { current }),
    }),
  )
  for (const each of all) stage.keep(each)
  onTestFinished(() => stage.close())
  const { page } = await visit(browser, stage.url)
  await page.getByRole('option').first().waitFor()
  return { page, stage }
}
const opened = (page) => page.getByRole('region', { name: 'The opened transaction' })
/** What has the focus, by the name that a screen reader says. */
const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement
    return at?.getAttribute('aria-label') ?? at?.getAttribute('data-id') ?? at?.textContent ?? ''
  })
describe('By keyboard alone', () => {
  it('every part is reached in reading order, and the focus is seen', async () => {
    const { page } = await openPage()
    const stops = []
    for (let stop = 0; stop < 20; stop++) {
      await page.keyboard.press('Tab')
      stops.push(await focused(page))
      const outline = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body)
        return `${outlineStyle} ${outlineWidth}`
      })
      if (stops.at(-1)?.startsWith('changeover') !== true) expect(outline, stops.at(-1)).toMatch(/^(solid|auto) [1-9]/)
      if (stops.at(-1) === 'Module graph') break
    }
    expect(stops).toEqual([
      'Skip to the transactions',
      'Reload now',
      'Freeze…',
      'Timeline',
      't-219',
      'JSON',
      'Mermaid',
      'Changes by path',
      'Whole chart',
      'Follow',
      'reload chart, scrolls',
      'Whole chart',
      'Follow',
      'watch chart, scrolls',
      'Whole chart',
      'Follow',
      'admission chart, scrolls',
      'Module graph',
    ])
  })
  it('a transaction is chosen with the arrows, and stays chosen when newer ones come', async () => {
    const { page, stage } = await openPage()
    const title = opened(page).getByRole('heading', { level: 3 })
    await page.getByRole('option').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => words(title)).toBe('Revision 217')
    expect(await focused(page)).toBe('t-217')
    stage.tell('transaction', transactionOf(220, 'committed'))
    await expect.poll(() => page.getByRole('option').count()).toBe(31)
    expect(await words(title)).toBe('Revision 217')
    expect(await focused(page)).toBe('t-217')
    await page.keyboard.press('End')
    await expect.poll(() => words(title)).toBe('Revision 190')
    await page.keyboard.press('Home')
    await expect.poll(() => words(title)).toBe('Revision 220')
    // Home is the newest, which is followed again.
    stage.tell('transaction', transactionOf(221, 'committed'))
    await expect.poll(() => words(title)).toBe('Revision 221')
  })
  it('keys that come faster than frames all count, and the focus stays on a transaction that ends', async () => {
    const { page, stage } = await openPage()
    await page.getByRole('option').first().focus()
    await page.evaluate(() => {
      for (let press = 0; press < 5; press++) {
        document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))
      }
    })
    expect(await focused(page)).toBe('t-214')
    await page.keyboard.press('Home')
    stage.tell('transaction', transactionOf(220, 'running'))
    await page.getByRole('option', { name: /running/ }).focus()
    stage.tell('transaction', transactionOf(220, 'committed'))
    await expect.poll(() => page.getByRole('option', { name: /running/ }).count()).toBe(0)
    expect(await focused(page)).toBe('t-220')
  })
  it('a choice stands though an earlier one is answered later', async () => {
    const { page, stage } = await openPage()
    const release = stage.hold('t-217')
    const head = page.waitForResponse((response) => response.url().endsWith('t-217.json'))
    await page.getByRole('option').nth(2).click()
    await head
    await expect.poll(() => words(opened(page))).toBe('Loading…')
    await page.getByRole('option').nth(5).click()
    await expect.poll(() => words(opened(page))).toContain('Revision 214')
    const body = page.waitForEvent('requestfinished', (request) => request.url().endsWith('t-217.json'))
    release()
    await body
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    expect(await words(opened(page))).toContain('Revision 214')
    // It was taken in: to open it asks nobody.
    await page.getByRole('option').nth(2).click()
    await expect.poll(() => words(opened(page))).toContain('Revision 217')
    await page.getByRole('option').nth(5).click()
    await expect.poll(() => words(opened(page))).toContain('Revision 214')
    expect(await page.getByRole('option', { selected: true }).getAttribute('data-id')).toBe('t-214')
  })
  it('a dialog keeps the focus, and gives it back', async () => {
    const { page } = await openPage()
    const button = page.getByRole('button', { name: 'Freeze…' })
    await button.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Freeze changes?' })
    await dialog.waitFor()
    expect(await dialog.getByRole('textbox').evaluate((element) => element === document.activeElement)).toBe(true)
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
  it('a chart scrolls with the arrows, and shows itself whole', async () => {
    const { page } = await openPage()
    const viewport = page.getByRole('group', { name: 'reload chart, scrolls' })
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
