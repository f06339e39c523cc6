import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever has a name is not found: who asks for more than loopback fails, and is seen.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]
/** A real Chromium without a window. */
export const openBrowser = () => {
  const install = fileURLToPath(new URL('install.mjs', import.meta.url))
  const executablePath = execFileSync(process.execPath, [install], { encoding: 'utf8' }).trim()
  // Root has no sandbox to drop into.
  return chromium.launch({ executablePath, args: quiet, chromiumSandbox: process.getuid?.() !== 0 })
}
/** Opens an address as a person would who has nothing from before; gone at the test's end. */
export const visit = async (browser, url, { width = 1600, height = 1000, theme = 'light' } = {}) => {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const requests = []
  const complaints = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('websocket', (socket) => requests.push(socket.url()))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
  return { page, requests, complaints }
}
/** The verdict of the header. */
export const verdict = (page) => page.getByRole('heading', { level: 1 })
/** The words of an element, as they stand on the page. */
export const words = async (locator) =>
  // biome-ignore lint/performance/useDomNodeTextContent: a person sees what is laid out, not what is in the tree
  (await locator.innerText()).replace(/\s+/g, ' ').trim()
/** Waits until the header says it. */
export const untilVerdict = async (page, text) => {
  await expect.poll(() => words(verdict(page))).toBe(text)
}
const wantsScreenshots = process.env.CHANGEOVER_SCREENSHOTS === '1'
const folder = fileURLToPath(new URL('../../../.github/screenshots/', import.meta.url))
/** Takes a picture for the README, where they are asked for: a test run leaves the tree as it was. */
export const picture = async (target, name) => {
  if (!wantsScreenshots) return
  mkdirSync(folder, { recursive: true })
  if ('goto' in target) await target.evaluate(() => scrollTo(0, 0))
  await target.screenshot({ path: `${folder}${name}.png` })
}
