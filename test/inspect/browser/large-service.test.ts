import { describe, expect, it } from 'vitest'
import type { Hello } from '../../../src/inspect/stream/protocol.ts'
import { details, useChromium, visibleText } from './chromium.ts'
import { findClippedElements, findViolations, waitUntilSettled } from './accessibility.ts'
import {
  NOW,
  createFailure,
  fewModules,
  summarize,
  createHello,
  manyModules,
  pickOutcome,
  createRevision,
  createStatus,
  createTransaction,
} from './fixtures.ts'
import { startFakeInspector } from './fake-inspector.ts'

const visit = useChromium()

/** Elements that repeat: checking the first ones is enough. */
const REPEATED = [
  '.chart',
  '.rows li:nth-child(n + 30)',
  '.module:nth-child(n + 15)',
  '.phase-bars li:nth-child(n + 15)',
]

const busy = (): { readonly hello: Hello; readonly all: readonly ReturnType<typeof createTransaction>[] } => {
  const shape = manyModules(60)
  const all = Array.from({ length: 200 }, (_, index) => createTransaction(20 + index, pickOutcome(20 + index), shape))
  const current = all.at(-1)
  const hello = createHello({
    status: createStatus({}, shape),
    transactions: all.map(summarize),
    ...(current === undefined ? {} : { current }),
  })
  return { hello, all }
}

describe('With 200 transactions of 60 modules, the page', () => {
  it('has no axe-core violation, and fetches the transaction that the user opens', async () => {
    const { hello, all } = busy()
    const server = await startFakeInspector(hello)
    for (const each of all) server.addTransaction(each)
    const { page, consoleErrors } = await visit(server.url)
    await waitUntilSettled(page)
    expect(await page.getByRole('option').count()).toBe(200)
    expect(await findViolations(page, 'all', REPEATED)).toEqual([])
    await page.getByRole('option').nth(120).click()
    await expect.poll(() => visibleText(details(page).getByRole('heading', { level: 3 }))).toBe('Revision 99')
    expect(
      await details(page).getByRole('list', { name: 'Modules in dependency order' }).getByRole('listitem').count(),
    ).toBe(60)
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await findViolations(page, 'all', REPEATED)).toEqual([])
    expect(await findClippedElements(page)).toEqual([])
    expect(consoleErrors).toEqual([])
  })

  it('draws a burst of events in few frames, and keeps the 200 newest transactions', async () => {
    const { hello } = busy()
    const server = await startFakeInspector(hello)
    const { page } = await visit(server.url)
    await waitUntilSettled(page)
    await page.evaluate(() => {
      const counts = { changes: 0 }
      Object.assign(window, { counts })
      new MutationObserver(() => {
        counts.changes += 1
      }).observe(document.querySelector('.rows') ?? document.body, { childList: true })
    })
    const shape = manyModules(60)
    for (let epoch = 220; epoch < 520; epoch++) server.send('transaction', createTransaction(epoch, 'committed', shape))
    await expect.poll(() => visibleText(page.getByRole('option').first())).toContain('519')
    expect(await page.getByRole('option').count()).toBe(200)
    const changes = await page.evaluate(() => (window as unknown as { counts: { changes: number } }).counts.changes)
    expect(changes).toBeLessThan(300)
  })
})

describe('Names and texts with markup', () => {
  it('are shown as text and never run', async () => {
    const hostile = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'
    const shape = [...fewModules, { module: hostile, after: ['logger'] }, { module: '__proto__', after: [hostile] }]
    const failure = {
      ...createFailure(hostile, 220),
      message: hostile,
      hint: hostile,
      cause: { name: hostile, code: hostile },
    }
    const last = {
      ...createTransaction(220, 'rolled-back', shape),
      failures: [failure],
      failure,
      revision: { ...createRevision(220), name: hostile },
      diff: { count: 1, differences: [{ path: hostile, change: 'changed' as const, from: hostile, to: hostile }] },
    }
    const status = createStatus({ state: 'rolled-back', frozen: { reason: hostile, since: NOW } }, shape)
    const server = await startFakeInspector(
      createHello({ transactions: [summarize(last)], current: last, status, actions: ['reload', 'freeze'] }),
    )
    const { page, requests, consoleErrors } = await visit(server.url)
    await waitUntilSettled(page)
    expect(await visibleText(page.locator('header'))).toContain('<img src=x')
    expect(await visibleText(details(page))).toContain('<script>')
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('body script').count()).toBe(2)
    expect(await page.title()).not.toBe('owned')
    expect(requests.every((each) => each.startsWith(server.url) || each.startsWith('data:'))).toBe(true)
    expect(consoleErrors).toEqual([])
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await findClippedElements(page)).toEqual([])
  })
})
