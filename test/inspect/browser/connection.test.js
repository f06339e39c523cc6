import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startProxy } from '../../support/tcp-proxy.ts'
import { openBrowser, untilVerdict, visit, words } from './chromium.ts'
import { headOf, helloOf, statusOf, transactionOf } from './fixtures.ts'
import { startService } from './service.ts'
import { openStage } from './fake-inspector.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
const lastEventId = async (request) => (await request.allHeaders().catch(() => undefined))?.['last-event-id']
/** A service behind a network that can fail. */
const startFarService = async () => {
  const proxy = await startProxy(1)
  onTestFinished(() => proxy.close())
  const service = await startService({ allowedHosts: [`127.0.0.1:${proxy.port}`] })
  const direct = new URL(service.url)
  proxy.retarget(Number(direct.port))
  direct.port = String(proxy.port)
  return { ...service, proxy, url: direct.href }
}
describe('Where the link breaks, the page', () => {
  it('says so, comes back by itself, and shows what it has missed', async () => {
    const { url, put, proxy } = await startFarService()
    const { page } = await visit(browser, url)
    await untilVerdict(page, 'In sync')
    const resumed = []
    page.on('request', (request) => {
      if (request.url().endsWith('/events')) resumed.push(lastEventId(request))
    })
    await proxy.refuse()
    proxy.cut()
    const link = page.locator('.link')
    await expect.poll(() => link.isVisible()).toBe(true)
    expect(await words(link)).toMatch(/^No connection to the service since \d\d:\d\d:\d\d\. Trying again by itself/)
    // Nothing is said to be well that cannot be known.
    await untilVerdict(page, 'No connection')
    expect(await words(page.locator('header'))).toContain('Last known: In sync. Revision 1 serves.')
    expect(await page.title()).toContain('No connection')
    put((next) => {
      next.log.level = 'debug'
    })
    put((next) => {
      next.log.level = 'warn'
    })
    await proxy.heal()
    await expect.poll(() => link.isVisible()).toBe(false)
    await untilVerdict(page, 'In sync')
    await expect.poll(() => words(page.locator('.fact', { hasText: 'Serves' }))).toContain('3 proved')
    expect(await words(page.getByRole('option').first())).toContain('committed revision 3')
    // It said where it was, so that only what it had missed was told.
    const ids = await Promise.all(resumed)
    expect(ids.filter((id) => id !== undefined)).not.toEqual([])
  })
  it('keeps what somebody has opened while it comes back', async () => {
    const { url, put, proxy } = await startFarService()
    const { page } = await visit(browser, url)
    put((next) => {
      next.log.level = 'debug'
    })
    await expect.poll(() => page.getByRole('option').count()).toBe(2)
    await page.getByRole('option').nth(1).click()
    const opened = page.getByRole('region', { name: 'The opened transaction' })
    await expect.poll(() => words(opened)).toContain('Revision 1')
    proxy.cut()
    put((next) => {
      next.log.level = 'warn'
    })
    await expect.poll(() => page.getByRole('option').count()).toBe(3)
    expect(await words(opened)).toContain('Revision 1')
    await page.getByRole('button', { name: 'Follow the newest' }).click()
    await expect.poll(() => words(opened)).toContain('Revision 3')
  })
  it('says that its address has ended where the service was restarted, and asks no more', async () => {
    const stage = await openStage(helloOf())
    onTestFinished(() => stage.close())
    const { page, requests } = await visit(browser, stage.url)
    await untilVerdict(page, 'In sync')
    stage.shut(401)
    await expect.poll(() => words(page.locator('.link'))).toContain('Open the new link')
    const asked = requests.length
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(requests.length).toBe(asked)
  })
  it('notices a link that has fallen silent, and makes a new one', async () => {
    const stage = await openStage(helloOf())
    onTestFinished(() => stage.close())
    const { page, requests } = await visit(browser, 'about:blank')
    await page.clock.install()
    await page.goto(stage.url)
    await untilVerdict(page, 'In sync')
    const streams = () => requests.filter((each) => each.endsWith('/events')).length
    stage.beat()
    stage.tell('status', statusOf({ inSync: false }))
    await untilVerdict(page, 'Not in sync')
    await page.clock.fastForward(40000)
    expect(await page.locator('.link').isVisible()).toBe(false)
    await page.clock.fastForward(10000)
    await expect.poll(() => words(page.locator('.link'))).toContain('No connection')
    await page.clock.fastForward(2000)
    await expect.poll(streams).toBe(2)
    await untilVerdict(page, 'In sync')
    expect(await page.locator('.link').isVisible()).toBe(false)
  })
  it('tries again where the service answers with an error, until it does not', async () => {
    const stage = await openStage(helloOf())
    onTestFinished(() => stage.close())
    const { page } = await visit(browser, stage.url)
    await untilVerdict(page, 'In sync')
    stage.shut(503)
    await expect.poll(() => words(page.locator('.link'))).toContain('No connection')
    const next = transactionOf(220, 'committed')
    stage.hello(helloOf({ transactions: [headOf(next)], current: next }))
    stage.open()
    await expect.poll(() => page.locator('.link').isVisible()).toBe(false)
    await expect.poll(() => page.getByRole('option').count()).toBe(1)
  })
})
