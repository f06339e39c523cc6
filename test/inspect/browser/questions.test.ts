import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { inspector } from 'changeover/inspect'
import express from 'express'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Hello, TransactionSummary } from '../../../src/inspect/stream/protocol.ts'
import { openStatecharts, takeScreenshot, useChromium, visibleText, waitForHeadline } from './chromium.ts'
import { waitUntilSettled } from './accessibility.ts'
import { startFakeInspector } from './fake-inspector.ts'
import {
  createFailure,
  createHello,
  createRevision,
  createStatus,
  createTransaction,
  NOW,
  pickOutcome,
  summarize,
} from './fixtures.ts'
import { SECRET, startService } from './service.ts'

const visit = useChromium()

const recent = Array.from({ length: 8 }, (_, index) => createTransaction(212 + index, pickOutcome(212 + index)))
const actions = ['reload', 'retry', 'release', 'revert', 'freeze', 'unfreeze', 'confirm'] as const

const show = async (hello: Partial<Hello>): Promise<Page> => {
  const { page } = await visit((await startFakeInspector(createHello(hello))).url)
  await waitUntilSettled(page)
  const height = await page.locator('.top').evaluate((element) => element.getBoundingClientRect().height)
  expect(height).toBeLessThanOrEqual(120)
  const text = page.locator('.headline .text')
  expect(await text.evaluate((element) => element.scrollHeight <= element.clientHeight + 1), 'cut off').toBe(true)
  return page
}

const attention = (page: Page) => page.getByRole('region', { name: 'What is held, and what you can do' })

const endingWith = (last: ReturnType<typeof createTransaction>): Partial<Hello> => ({
  transactions: [...recent, last].map(summarize),
  current: last,
})

/** Waits until the page has drawn what a change of the window asks for. */
const nextFrames = (page: Page): Promise<unknown> =>
  page.evaluate(
    () =>
      new Promise((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      ),
  )

/** The boxes of elements that touch each other. */
const collisions = (page: Page, selector: string): Promise<number> =>
  page.locator(selector).evaluateAll((elements) => {
    const boxes = elements.map((element) => {
      const range = document.createRange()
      range.selectNodeContents(element)
      return range.getBoundingClientRect()
    })
    const touches = (a: DOMRect, b: DOMRect): boolean => a.left < b.right && b.left < a.right
    return boxes.filter((box, at) => boxes.some((other, index) => index > at && touches(box, other))).length
  })

describe('The page answers an operator', () => {
  it('which service it is', async () => {
    const page = await show(endingWith(createTransaction(220, 'committed')))
    const identity = await visibleText(page.locator('.top .identity'))
    expect(identity).toContain('shop 1.4.2 · host web-7 · pid 4711 · build 9f1c · started ')
    await takeScreenshot(page, 'in-sync')
  })

  it('what it runs: public values, others hidden, the modules that follow a part, and parts that none follows', async () => {
    const page = await show(endingWith(createTransaction(220, 'committed')))
    const tree = await visibleText(page.locator('.tree'))
    expect(tree).toContain('log 1 key → logger level "info"')
    expect(tree).toContain('password hidden')
    expect(tree).toContain('legacy 1 key no module follows this')
    await page.locator('.tree summary', { hasText: 'replicas' }).focus()
    await page.keyboard.press('Enter')
    expect(await visibleText(page.locator('.tree'))).toContain('0 hidden')
    await takeScreenshot(page.locator('#inside'), 'config')
  })

  it('what broke first, in one place, and a loop of repairs as one entry', async () => {
    const broken = createTransaction(220, 'degraded')
    const later = { ...createFailure('routes', 220), message: 'The undo failed again' }
    const repairs = Array.from(
      { length: 30 },
      (_, index): TransactionSummary => ({
        ...summarize(broken),
        id: `t-${221 + index}`,
        epoch: 221 + index,
        trigger: 'repair',
        startedAt: broken.startedAt + (index + 1) * 1_000,
        failure: later,
      }),
    )
    const page = await show({
      status: createStatus({ state: 'degraded', degraded: ['db', 'cache'], inSync: false }),
      transactions: [...recent.map(summarize), summarize(broken), ...repairs],
      current: { ...broken, ...repairs.at(-1), failures: [later], modules: broken.modules },
    })
    const said = `${createFailure('cache', 220).message}.`
    expect(await visibleText(page.locator('.top'))).toContain(said)
    expect((await visibleText(page.locator('body'))).split(said)).toHaveLength(2)
    expect(await page.getByRole('option').count()).toBe(9)
    expect(await visibleText(page.getByRole('option').first())).toContain('degraded · 30 repairs failed')
    expect(await visibleText(attention(page))).toContain('What to do')
    await page.getByRole('option').first().focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.getByRole('option', { selected: true }).getAttribute('data-id')).toBe('t-219')
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => page.getByRole('option', { selected: true }).getAttribute('data-id')).toBe('t-250')
    await takeScreenshot(page, 'repairs')
  })

  it('why a document is in quarantine, until when, and how to try it at once', async () => {
    const entry = {
      digest: 'd220',
      revision: '220',
      code: 'module.prepare-failed',
      reason: 'The module could not prepare its next generation (ECONNREFUSED)',
      module: 'db',
      phase: 'prepare',
      count: 3,
      since: NOW,
      nextTryAt: NOW + 125_000,
    }
    const waiting = { revision: createRevision(220), reason: 'quarantine', until: NOW + 125_000 } as const
    const lasting = { ...entry, digest: 'd218', revision: '218', count: 1, nextTryAt: undefined }
    const { nextTryAt: _, ...permanent } = lasting
    const status = createStatus({ state: 'rolled-back', inSync: false, quarantine: [entry, permanent], waiting })
    const page = await show({ ...endingWith(createTransaction(220, 'rolled-back')), status, actions })
    const text = await visibleText(attention(page))
    expect(text).toContain('Revision 220 is in quarantine')
    expect(text).toContain('(ECONNREFUSED) (module db, phase prepare). Failed 3 times')
    expect(text).toMatch(/It is tried again in 2 min 0\d s, at /)
    expect(text).toContain('reloader.retry()')
    expect(text).toContain("reloader.release({ digest: 'd218' })")
    expect(text).toContain('It is not tried again by itself.')
    await takeScreenshot(page, 'quarantined')
    await attention(page).getByRole('button', { name: 'Try it now' }).click()
    await page.getByRole('dialog', { name: 'Retry the quarantined document?' }).waitFor()
  })

  it('who has frozen changes and why, and what waits', async () => {
    const { url, put } = await startService({ actions: true })
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    await page.getByRole('button', { name: 'Freeze…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('the sale of the year')
    await dialog.getByRole('textbox', { name: 'Your name' }).fill('Ann')
    await page.keyboard.press('Enter')
    await expect.poll(() => visibleText(dialog)).toContain('Done')
    await dialog.getByRole('button', { name: 'Close' }).click()
    await waitForHeadline(page, 'Frozen')
    put((next) => {
      next.log.level = 'warn'
    })
    await expect.poll(() => visibleText(attention(page))).toContain(' by Ann: “the sale of the year” Revision 2 waits')
    expect(await visibleText(page.locator('header'))).toContain('By Ann: “the sale of the year” Revision 2 is waiting.')
    expect(await visibleText(attention(page))).toContain('reloader.unfreeze()')
    await takeScreenshot(page, 'frozen')
    await attention(page).getByRole('button', { name: 'Unfreeze changes' }).click()
    await dialog.getByRole('button', { name: 'Unfreeze' }).click()
    await waitForHeadline(page, 'In sync')
    expect(await attention(page).isVisible()).toBe(false)
  })

  it('which change waits for a restart, which one is pending, and what nothing follows', async () => {
    const paths = ['http.port', 'http.host', 'tls.cert', 'tls.key']
    const waiting = { revision: createRevision(221), reason: 'restart' } as const
    const held = createStatus({
      inSync: false,
      waiting,
      restartPending: { paths, since: NOW, held: createRevision(221) },
    })
    const text = await visibleText(attention(await show({ status: held })))
    expect(text).toContain('A restart is needed')
    expect(text).toContain('Revision 221 changes http.port, http.host, tls.cert and 1 more. It is not applied before')
    expect(text).not.toContain('Revision 221 waits')

    const last = { ...createTransaction(220, 'committed'), unfollowed: ['banner'], restartRequired: ['http.port'] }
    const status = createStatus({ restartPending: { paths: ['http.port'], since: NOW } })
    const page = await show({ status, ...endingWith(last) })
    expect(await visibleText(attention(page))).toContain('The process has started with another http.port')
    const details = await visibleText(page.getByRole('region', { name: 'Transaction details' }))
    expect(details).toContain('A restart is needed for http.port.')
    expect(details).toContain('No module follows banner.')
  })

  it('how long a change waits for its confirmation, with a button only if actions are allowed', async () => {
    const status = createStatus({ confirmation: { transaction: 't-220', until: NOW + 45_000 } })
    const machine = { ...createHello().machines.reload, active: ['reload.applying', 'reload.applying.confirming'] }
    const machines = { ...createHello().machines, reload: machine } as NonNullable<Hello['machines']>
    const page = await show({ ...endingWith(createTransaction(220, 'running')), status, machines, actions })
    const text = await visibleText(attention(page))
    expect(text).toMatch(/It is rolled back in 4\d s, at /)
    expect(text).toContain("reloader.confirm('t-220')")
    await takeScreenshot(page, 'confirming')
    await attention(page).getByRole('button', { name: 'Confirm this change' }).click()
    await page.getByRole('dialog', { name: 'Confirm this change?' }).waitFor()
    const readOnly = await show({ ...endingWith(createTransaction(220, 'running')), status, machines })
    expect(await visibleText(attention(readOnly))).toContain("reloader.confirm('t-220')")
    expect(await attention(readOnly).getByRole('button').count()).toBe(0)
  })

  it('which old generations drain, and what holds them', async () => {
    const page = await show(endingWith(createTransaction(220, 'committed')))
    expect(await visibleText(page.locator('#modules'))).toContain(
      '1 draining, 2 leases held, 1 lease of earlier configs (GET /products/:id)',
    )
    expect(await visibleText(page.locator('.module', { hasText: 'cache' }))).toContain('1 draining')
    await takeScreenshot(page.locator('#modules'), 'modules')
  })

  it('what a revert would change, before it is asked for', async () => {
    const { url, put } = await startService({ actions: true })
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    put((next) => {
      next.log.level = 'debug'
      next.db.password = `${SECRET}-2`
    })
    await expect.poll(() => visibleText(page.locator('.fact', { hasText: 'Serving' }))).toContain('2 soak passed')
    await page.getByRole('button', { name: 'Revert…' }).click()
    const dialog = page.getByRole('dialog')
    await expect.poll(() => visibleText(dialog)).toContain('It changes logger and db.')
    expect(await visibleText(dialog)).toContain('log.level from "debug" → to "info"')
    expect(await visibleText(dialog)).toContain('db.password changed, value hidden')
    expect(await visibleText(page.locator('.fact', { hasText: 'Serving' }))).toContain('2 soak passed')
    await takeScreenshot(page, 'revert')
  })
})

describe('The layout', () => {
  it('has the modules above the statecharts, which are a tab, and a list of states on a phone', async () => {
    const page = await show(endingWith(createTransaction(220, 'committed')))
    expect(await page.locator('.chart').first().isVisible()).toBe(false)
    await openStatecharts(page)
    const [modules, charts] = await Promise.all([
      page.locator('#modules').boundingBox(),
      page.locator('.charts').boundingBox(),
    ])
    expect(modules?.y).toBeLessThan(charts?.y ?? 0)
    expect(await page.locator('.chart').first().isVisible()).toBe(true)
    expect(await page.getByRole('list', { name: 'States of reload' }).isVisible()).toBe(false)
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await page.locator('.chart').first().isVisible()).toBe(false)
    const states = page.getByRole('list', { name: 'States of reload' })
    expect(await states.locator('[aria-current]').allInnerTexts()).toEqual(['resting', 'committed'])
    await takeScreenshot(page.locator('#inside'), 'states')
  })

  it('has axis labels that do not collide, and bars that use the width', async () => {
    const page = await show(endingWith(createTransaction(220, 'committed')))
    for (const width of [1600, 1000, 700, 360]) {
      await page.setViewportSize({ width, height: 900 })
      await nextFrames(page)
      expect(await collisions(page, '.detail .axis .tick'), `${width} axis`).toBe(0)
      expect(await collisions(page, '.timeline .times text'), `${width} timeline`).toBe(0)
    }
    await page.setViewportSize({ width: 1600, height: 900 })
    await nextFrames(page)
    const share = await page.locator('.timeline').evaluate((drawing) => {
      const track = drawing.parentElement?.clientWidth ?? 1
      return drawing.getBoundingClientRect().width / Math.min(track, 9 * 64)
    })
    expect(share).toBeGreaterThan(0.95)
  })
})

it('Mounted in Express behind a login, the page streams and acts as on a port of its own', async () => {
  const { reloader } = await startService()
  const app = express()
  app.use(express.json())
  app.get(
    '/login',
    (_, response) => void response.cookie('login', 'ann', { httpOnly: true }).redirect('/admin/inspector'),
  )
  app.use((request, response, next) => {
    if (request.headers.cookie?.includes('login=ann') === true) next()
    else response.status(401).send('who are you?')
  })
  const handler = inspector.handler({ reloader, actions: true })
  app.use('/admin/inspector', handler)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    handler.close()
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { page, consoleErrors } = await visit(`${origin}/login`)
  expect(new URL(page.url()).pathname).toBe('/admin/inspector/')
  await waitForHeadline(page, 'In sync')
  await page.getByRole('button', { name: 'Reload now' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Reload now' }).click()
  await expect.poll(() => visibleText(page.getByRole('dialog'))).toContain('Done: unchanged.')
  expect(consoleErrors).toEqual([])
})
