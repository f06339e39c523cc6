import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { details, useChromium, waitForHeadline, visibleText } from './chromium.ts'
import { BAD_MAX, BAD_TARGET, SECRET, startService } from './service.ts'

const visit = useChromium()

/** Records everything that crosses the network, including the events of streams. */
const recordTraffic = async (page: Page): Promise<string[]> => {
  const traffic: string[] = []
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  devtools.on('Network.eventSourceMessageReceived', (message) => traffic.push(JSON.stringify(message)))
  devtools.on('Network.responseReceived', ({ response }) =>
    traffic.push(JSON.stringify(response.headers), response.url),
  )
  devtools.on('Network.requestWillBeSent', ({ request }) => traffic.push(request.url, request.postData ?? ''))
  page.on('response', (response) => {
    if (!response.url().endsWith('/events'))
      void response.text().then(
        (text) => traffic.push(text),
        () => {},
      )
  })
  return traffic
}

/** Returns everything that the page holds: the document, form values, and all kinds of storage. */
const readPage = async (page: Page): Promise<string> => {
  const content = await page.evaluate(async () =>
    JSON.stringify([
      document.documentElement.outerHTML,
      [...document.querySelectorAll('input, select, textarea')].map((field) => (field as HTMLInputElement).value),
      document.title,
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      await caches.keys(),
    ]),
  )
  return content + JSON.stringify(await page.context().storageState())
}

it('The secret of a config never appears in the page, on the network or in storage', async () => {
  const { url, put } = await startService({ actions: true })
  const { page, requests, consoleErrors } = await visit('about:blank')
  const traffic = await recordTraffic(page)
  await page.goto(url)
  await waitForHeadline(page, 'In sync')

  put((next) => {
    next.log.level = 'debug'
    next.db.password = `${SECRET}-2`
  })
  await expect.poll(() => visibleText(details(page))).toContain('db.password changed, value hidden')
  await page.getByRole('button', { name: 'Revert…' }).click()
  await expect.poll(() => visibleText(page.getByRole('dialog'))).toContain('db.password changed, value hidden')
  expect(await visibleText(page.locator('.tree'))).toContain('password hidden')
  expect(await readPage(page)).not.toContain(SECRET)
  await page.keyboard.press('Escape')
  put((next) => {
    next.db.password = `${SECRET}-3`
    next.db.max = BAD_MAX
  })
  await waitForHeadline(page, 'Rolled back revision 3')
  await expect.poll(() => readPage(page)).toContain('Revision 3 is in quarantine')
  expect(await readPage(page)).not.toContain(SECRET)
  put((next) => {
    Object.assign(next.db, { max: SECRET, [SECRET]: SECRET })
  })
  await waitForHeadline(page, 'Rejected revision 4')
  put((next) => {
    next.routes.target = BAD_TARGET
  })
  await waitForHeadline(page, 'Degraded: 1 module')
  await page.getByRole('button', { name: 'Reload now' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Reload now' }).click()
  await expect.poll(() => visibleText(page.getByRole('dialog'))).toContain('Done')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  for (const kind of ['json', 'mmd']) {
    const id = new URL(
      (await page.getByRole('link', { name: kind === 'json' ? 'JSON' : 'Mermaid' }).getAttribute('href')) ?? '',
      page.url(),
    )
    await page.evaluate(async (address) => (await fetch(address)).text(), id.href)
  }

  const everything = [...traffic, await readPage(page)].join('\n')
  // The public value is there, so the test looked in the right places.
  expect(traffic.join('\n')).toContain(String.raw`\"to\":\"debug\"`)
  await page.getByRole('option', { name: /committed revision 2/ }).click()
  await expect.poll(() => readPage(page)).toContain('debug')
  expect(everything).not.toContain(SECRET)
  expect(await readPage(page)).not.toContain(SECRET)
  expect(JSON.stringify(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie]))).toBe(
    '[{},{},""]',
  )
  const hosts = new Set(requests.filter((each) => /^(http|ws)/.test(each)).map((each) => new URL(each).host))
  expect([...hosts]).toEqual([new URL(url).host])
  // The policy blocks a request before it is sent, but the browser reports it.
  expect(consoleErrors).toEqual([])
})
