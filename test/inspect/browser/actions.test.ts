import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { useChromium, waitForHeadline, visibleText } from './chromium.ts'
import { startService } from './service.ts'

const visit = useChromium()

const clickAction = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name }).click()
}

describe('The actions', () => {
  it('are hidden by default', async () => {
    const { url } = await startService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    expect(await page.getByRole('group', { name: 'Actions' }).isVisible()).toBe(false)
  })

  it('are sent only after confirmation, and Escape cancels', async () => {
    const { url, source } = await startService({ actions: true })
    const { page, requests } = await visit(url)
    await waitForHeadline(page, 'In sync')
    const reads = source.reads
    await clickAction(page, 'Reload now')
    const dialog = page.getByRole('dialog', { name: 'Reload now?' })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await clickAction(page, 'Reload now')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(requests.filter((each) => each.includes('/actions/'))).toEqual([])
    expect(source.reads).toBe(reads)

    await clickAction(page, 'Reload now')
    await dialog.getByRole('button', { name: 'Reload now' }).click()
    await expect.poll(() => visibleText(dialog)).toContain('Done: unchanged.')
    expect(source.reads).toBeGreaterThan(reads)
  })

  it('freeze changes with a reason that everyone can read, and unfreeze them', async () => {
    const { url, put } = await startService({ actions: true })
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    await clickAction(page, 'Freeze')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Freeze' }).click()
    // Nothing is sent without a reason.
    expect(await visibleText(dialog)).not.toContain('Done')
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('the sale of the year')
    await page.keyboard.press('Enter')
    await expect.poll(() => visibleText(dialog)).toContain('Done')
    await dialog.getByRole('button', { name: 'Close' }).click()
    await waitForHeadline(page, 'Frozen')
    put((next) => {
      next.log.level = 'warn'
    })
    await expect
      .poll(() => visibleText(page.locator('header')))
      .toContain('“the sale of the year” Revision 2 is waiting.')
    await clickAction(page, 'Unfreeze')
    await dialog.getByRole('button', { name: 'Unfreeze' }).click()
    await waitForHeadline(page, 'In sync')
    await expect.poll(() => visibleText(page.locator('.fact', { hasText: 'Serving' }))).toContain('2 soak passed')
  })

  it('revert to a revision that passed its soak', async () => {
    const { url, put } = await startService({ actions: true })
    const { page } = await visit(url)
    for (const level of ['debug', 'warn'] as const) {
      put((next) => {
        next.log.level = level
      })
      const revision = level === 'debug' ? '2 soak passed' : '3 soak passed'
      await expect.poll(() => visibleText(page.locator('.fact', { hasText: 'Serving' }))).toContain(revision)
    }
    await clickAction(page, 'Revert')
    const dialog = page.getByRole('dialog')
    const choice = dialog.getByRole('combobox')
    expect((await choice.locator('option').allInnerTexts()).map((text) => text[0])).toEqual(['2', '1'])
    await choice.selectOption({ index: 1 })
    await dialog.getByRole('button', { name: 'Revert' }).click()
    await expect.poll(() => visibleText(dialog)).toContain('Done: committed.')
    await dialog.getByRole('button', { name: 'Close' }).click()
    expect(await visibleText(page.getByRole('option').first())).toContain('committed revision 1')
  })

  it('show why the service refused', async () => {
    const { url, reloader } = await startService({ actions: true })
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    await clickAction(page, 'Reload now')
    await reloader.freeze('meanwhile')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Reload now' }).click()
    const answer = dialog.locator('.answer')
    await expect.poll(() => visibleText(answer)).not.toMatch(/^$|Sending/)
    expect(await answer.getAttribute('data-ok')).toBe('false')
  })
})

describe('A transaction', () => {
  it('can be downloaded as JSON and as a Mermaid sequence diagram', async () => {
    const { url } = await startService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    const saved: string[] = []
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
