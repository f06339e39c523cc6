import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, untilVerdict, visit, words } from './chromium.ts'
import { BAD_MAX, BAD_TARGET, SECRET, startService } from './service.ts'
let browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
/** All that comes over the network, the messages of streams among it. */
const listen = async (page) => {
  const heard = []
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  devtools.on('Network.eventSourceMessageReceived', (message) => heard.push(JSON.stringify(message)))
  devtools.on('Network.responseReceived', ({ response }) => heard.push(JSON.stringify(response.headers), response.url))
  devtools.on('Network.requestWillBeSent', ({ request }) => heard.push(request.url, request.postData ?? ''))
  page.on('response', (response) => {
    if (!response.url().endsWith('/events'))
      void response.text().then(
        (text) => heard.push(text),
        () => {},
      )
  })
  return heard
}
/** All that the page keeps: documents, attributes, storage of every kind. */
const kept = async (page) => {
  const inPage = await page.evaluate(async () =>
    JSON.stringify([
      document.documentElement.outerHTML,
      [...document.querySelectorAll('input, select, textarea')].map((field) => field.value),
      document.title,
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      await caches.keys(),
    ]),
  )
  return inPage + JSON.stringify(await page.context().storageState())
}
it('A secret of the config is nowhere: not in the page, not on the network, not in storage', async () => {
  const { url, put } = await startService({ actions: true })
  const { page, requests, complaints } = await visit(browser, 'about:blank')
  const heard = await listen(page)
  await page.goto(url)
  await untilVerdict(page, 'In sync')
  put((next) => {
    next.log.level = 'debug'
    next.db.password = `${SECRET}-2`
  })
  const opened = page.getByRole('region', { name: 'The opened transaction' })
  await expect.poll(() => words(opened)).toContain('db.password changed, value not shown')
  put((next) => {
    next.db.password = `${SECRET}-3`
    next.db.max = BAD_MAX
  })
  await untilVerdict(page, 'Rolled back revision 3')
  put((next) => {
    Object.assign(next.db, { max: SECRET, [SECRET]: SECRET })
  })
  await untilVerdict(page, 'Refused revision 4')
  put((next) => {
    next.routes.target = BAD_TARGET
  })
  await untilVerdict(page, 'Degraded: 1 module')
  await page.getByRole('button', { name: 'Reload now' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Reload now' }).click()
  await expect.poll(() => words(page.getByRole('dialog'))).toContain('Done')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  for (const kind of ['json', 'mmd']) {
    const id = new URL(
      (await page.getByRole('link', { name: kind === 'json' ? 'JSON' : 'Mermaid' }).getAttribute('href')) ?? '',
      page.url(),
    )
    await page.evaluate(async (address) => (await fetch(address)).text(), id.href)
  }
  const everything = [...heard, await kept(page)].join('\n')
  // The public neighbour is there, so this looked in the right places.
  expect(heard.join('\n')).toContain(String.raw`\"to\":\"debug\"`)
  await page.getByRole('option', { name: /committed revision 2/ }).click()
  await expect.poll(() => kept(page)).toContain('debug')
  expect(everything).not.toContain(SECRET)
  expect(await kept(page)).not.toContain(SECRET)
  expect(JSON.stringify(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie]))).toBe(
    '[{},{},""]',
  )
  const hosts = new Set(requests.filter((each) => /^(http|ws)/.test(each)).map((each) => new URL(each).host))
  expect([...hosts]).toEqual([new URL(url).host])
  // What the policy stops is no request any more, but it is complained of.
  expect(complaints).toEqual([])
})
