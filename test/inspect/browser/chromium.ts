import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'

/** A page and what it did. */
export interface Visit {
  readonly page: Page
  /** Every address that the page requested. */
  readonly requests: readonly string[]
  /** Errors and warnings on the console, including violations of the content security policy. */
  readonly consoleErrors: readonly string[]
}

/**
 * Launches a headless Chromium for the tests of a file. Returns a function that opens an address in a fresh context,
 * which is closed after the test.
 */
export const useChromium = (): ((url: string) => Promise<Visit>) => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())
  return (url) => visit(browser, url)
}

const quietFlags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // No host name resolves, so a request beyond loopback fails and is noticed.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

const launch = (): Promise<Browser> => {
  const install = fileURLToPath(new URL('install.mjs', import.meta.url))
  const executablePath = execFileSync(process.execPath, [install], { encoding: 'utf8' }).trim()
  // Chromium has no sandbox for root.
  return chromium.launch({ executablePath, args: quietFlags, chromiumSandbox: process.getuid?.() !== 0 })
}

const visit = async (browser: Browser, url: string): Promise<Visit> => {
  const viewport = { width: 1600, height: 1000 }
  const context = await browser.newContext({ viewport, colorScheme: 'light', reducedMotion: 'reduce' })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const requests: string[] = []
  const consoleErrors: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('websocket', (socket) => requests.push(socket.url()))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') consoleErrors.push(message.text())
  })
  page.on('pageerror', (error) => consoleErrors.push(String(error)))
  await page.goto(url)
  return { page, requests, consoleErrors }
}

/** Returns the header's headline. */
export const headline = (page: Page): Locator => page.getByRole('heading', { level: 1 })

export const waitForHeadline = async (page: Page, text: string): Promise<void> => {
  await expect.poll(() => visibleText(headline(page))).toBe(text)
}

/** Opens the tab of the statecharts. */
export const openStatecharts = async (page: Page): Promise<void> => {
  await page.getByRole('tab', { name: 'Statecharts' }).click()
}

/** Returns the details of the selected transaction. */
export const details = (page: Page): Locator => page.getByRole('region', { name: 'Transaction details' })

/** Returns the text that a user sees in an element. */
export const visibleText = async (locator: Locator): Promise<string> =>
  // biome-ignore lint/performance/useDomNodeTextContent: innerText is the visible text, textContent is not
  (await locator.innerText()).replace(/\s+/g, ' ').trim()

const shouldTakeScreenshots = process.env.CHANGEOVER_SCREENSHOTS === '1'
const folder = fileURLToPath(new URL('../../../.github/screenshots/', import.meta.url))

/** Takes a screenshot for the README if `CHANGEOVER_SCREENSHOTS=1`. Other test runs leave the files unchanged. */
export const takeScreenshot = async (target: Page | Locator, name: string): Promise<void> => {
  if (!shouldTakeScreenshots) return
  mkdirSync(folder, { recursive: true })
  if ('goto' in target) await target.evaluate(() => scrollTo(0, 0))
  await target.screenshot({ path: `${folder}${name}.png` })
}
