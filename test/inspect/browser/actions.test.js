import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, untilVerdict, visit, words } from './chromium.ts'
import { startService } from './service.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
const act = async (page, name) => {
  await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name }).click()
}
describe('Actions', () => {
  it('are not there unless they are enabled', async () => {
    const { url } = await startService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    expect(await page.getByRole('group', { name: 'Actions' }).isVisible()).toBe(false)
  })
  it('are sent only after a second step, and Escape is a no', async () => {
    const { url, source } = await startService({ actions: true })
    const { page, requests } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    const reads = source.reads
    await act(page, 'Reload now')
    const dialog = page.getByRole('dialog', { name: 'Reload now?' })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await act(page, 'Reload now')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(requests.filter((each) => each.includes('/actions/'))).toEqual([])
    expect(source.reads).toBe(reads)
    await act(page, 'Reload now')
    await dialog.getByRole('button', { name: 'Reload now' }).click()
    await expect.poll(() => words(dialog)).toContain('Done: unchanged.')
    expect(source.reads).toBeGreaterThan(reads)
  })
  it('freeze with a reason that all can read, and unfreeze', async () => {
    const { url, put } = await startService({ actions: true })
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    await act(page, 'Freeze')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Freeze' }).click()
    // Without a reason nothing is sent.
    expect(await words(dialog)).not.toContain('Done')
    await dialog.getByRole('textbox').fill('the sale of the year')
    await page.keyboard.press('Enter')
    await expect.poll(() => words(dialog)).toContain('Done')
    await dialog.getByRole('button', { name: 'Close' }).click()
    await untilVerdict(page, 'Frozen')
    put((next) => {
      next.log.level = 'warn'
    })
    await expect.poll(() => words(page.locator('header'))).toContain('“the sale of the year” Revision 2 waits.')
    await act(page, 'Unfreeze')
    await dialog.getByRole('button', { name: 'Unfreeze' }).click()
    await untilVerdict(page, 'In sync')
    await expect.poll(() => words(page.locator('.fact', { hasText: 'Serves' }))).toContain('2 proved')
  })
  it('revert to a revision that is chosen from those that have proved themselves', async () => {
    const { url, put } = await startService({ actions: true })
    const { page } = await visit(browser, url)
    for (const level of ['debug', 'warn']) {
      put((next) => {
        next.log.level = level
      })
      const revision = level === 'debug' ? '2 proved' : '3 proved'
      await expect.poll(() => words(page.locator('.fact', { hasText: 'Serves' }))).toContain(revision)
    }
    await act(page, 'Revert')
    const dialog = page.getByRole('dialog')
    const choice = dialog.getByRole('combobox')
    expect((await choice.locator('option').allInnerTexts()).map((text) => text[0])).toEqual(['2', '1'])
    await choice.selectOption({ index: 1 })
    await dialog.getByRole('button', { name: 'Revert' }).click()
    await expect.poll(() => words(dialog)).toContain('Done: committed.')
    await dialog.getByRole('button', { name: 'Close' }).click()
    expect(await words(page.getByRole('option').first())).toContain('committed revision 1')
  })
  it('say why the service refused', async () => {
    const { url, reloader } = await startService({ actions: true })
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    await act(page, 'Reload now')
    await reloader.freeze('meanwhile')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Reload now' }).click()
    const answer = dialog.locator('.answer')
    await expect.poll(() => words(answer)).not.toMatch(/^$|Asking/)
    expect(await answer.getAttribute('data-ok')).toBe('false')
  })
})
describe('A transaction', () => {
  it('can be taken away as JSON and as a mermaid sequence', async () => {
    const { url } = await startService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    const saved = []
    for (const name of ['JSON', 'Mermaid']) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()])
      saved.push(await readFile(await download.path(), 'utf8'))
    }
    expect(JSON.parse(saved[0] ?? '')).toMatchObject({
      outcome: 'committed',
      modules: [{ module: 'logger' }, {}, {}, {}],
    })
    expect(saved[1]).toMatch(/^sequenceDiagram$/m)
  })
})
