import type { Request } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startProxy } from '../../support/tcp-proxy.ts'
import { details, useChromium, waitForHeadline, visibleText } from './chromium.ts'
import { summarize, createHello, createStatus, createTransaction } from './fixtures.ts'
import { startService } from './service.ts'
import { startFakeInspector } from './fake-inspector.ts'

const visit = useChromium()

const lastEventId = async (request: Request): Promise<string | undefined> =>
  (await request.allHeaders().catch(() => undefined))?.['last-event-id']

/** Starts a service behind a network that can fail. */
const startRemoteService = async () => {
  const proxy = await startProxy(1)
  onTestFinished(() => proxy.close())
  const service = await startService({ allowedHosts: [`127.0.0.1:${proxy.port}`] })
  const direct = new URL(service.url)
  proxy.retarget(Number(direct.port))
  direct.port = String(proxy.port)
  return { ...service, proxy, url: direct.href }
}

describe('When the connection breaks, the page', () => {
  it('says so, reconnects, and shows what it missed', async () => {
    const { url, put, proxy } = await startRemoteService()
    const { page } = await visit(url)
    await waitForHeadline(page, 'In sync')
    const resumed: Promise<string | undefined>[] = []
    page.on('request', (request) => {
      if (request.url().endsWith('/events')) resumed.push(lastEventId(request))
    })

    await proxy.refuse()
    proxy.cut()
    const bar = page.locator('.connection')
    await expect.poll(() => bar.isVisible()).toBe(true)
    expect(await visibleText(bar)).toMatch(
      /^No connection to the service since \d\d:\d\d:\d\d\. Reconnecting automatically/,
    )
    // While disconnected, the page cannot know that all is well.
    await waitForHeadline(page, 'Disconnected')
    expect(await visibleText(page.locator('header'))).toContain('Last known: In sync. Serving revision 1.')
    expect(await page.title()).toContain('Disconnected')

    put((next) => {
      next.log.level = 'debug'
    })
    put((next) => {
      next.log.level = 'warn'
    })
    await proxy.heal()
    await expect.poll(() => bar.isVisible()).toBe(false)
    await waitForHeadline(page, 'In sync')
    await expect.poll(() => visibleText(page.locator('.fact', { hasText: 'Serving' }))).toContain('3 soak passed')
    expect(await visibleText(page.getByRole('option').first())).toContain('committed revision 3')
    // The browser sent the id of its last event, so the stream resumed there.
    const ids = await Promise.all(resumed)
    expect(ids.filter((id) => id !== undefined)).not.toEqual([])
  })

  it('keeps the opened transaction while it reconnects', async () => {
    const { url, put, proxy } = await startRemoteService()
    const { page } = await visit(url)
    put((next) => {
      next.log.level = 'debug'
    })
    await expect.poll(() => page.getByRole('option').count()).toBe(2)
    await page.getByRole('option').nth(1).click()
    await expect.poll(() => visibleText(details(page))).toContain('Revision 1')
    proxy.cut()
    put((next) => {
      next.log.level = 'warn'
    })
    await expect.poll(() => page.getByRole('option').count()).toBe(3)
    expect(await visibleText(details(page))).toContain('Revision 1')
    await page.getByRole('button', { name: 'Follow the newest' }).click()
    await expect.poll(() => visibleText(details(page))).toContain('Revision 3')
  })

  it('says that its address has expired if the service was restarted, and sends no more requests', async () => {
    const server = await startFakeInspector(createHello())
    const { page, requests } = await visit(server.url)
    await waitForHeadline(page, 'In sync')
    server.fail(401)
    await expect.poll(() => visibleText(page.locator('.connection'))).toContain('Open the new link')
    const count = requests.length
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(requests.length).toBe(count)
  })

  it('notices a silent connection, and opens a new one', async () => {
    const server = await startFakeInspector(createHello())
    const { page, requests } = await visit('about:blank')
    await page.clock.install()
    await page.goto(server.url)
    await waitForHeadline(page, 'In sync')
    const streams = () => requests.filter((each) => each.endsWith('/events')).length
    server.sendHeartbeat()
    server.send('status', createStatus({ inSync: false }))
    await waitForHeadline(page, 'Out of sync')
    await page.clock.fastForward(40_000)
    expect(await page.locator('.connection').isVisible()).toBe(false)
    await page.clock.fastForward(10_000)
    await expect.poll(() => visibleText(page.locator('.connection'))).toContain('No connection')
    await page.clock.fastForward(2_000)
    await expect.poll(streams).toBe(2)
    await waitForHeadline(page, 'In sync')
    expect(await page.locator('.connection').isVisible()).toBe(false)
  })

  it('retries while the service answers with an error', async () => {
    const server = await startFakeInspector(createHello())
    const { page } = await visit(server.url)
    await waitForHeadline(page, 'In sync')
    server.fail(503)
    await expect.poll(() => visibleText(page.locator('.connection'))).toContain('No connection')
    const next = createTransaction(220, 'committed')
    server.setHello(createHello({ transactions: [summarize(next)], current: next }))
    server.recover()
    await expect.poll(() => page.locator('.connection').isVisible()).toBe(false)
    await expect.poll(() => page.getByRole('option').count()).toBe(1)
  })
})
