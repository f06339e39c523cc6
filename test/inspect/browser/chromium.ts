import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

/** What a person has before them. */
export interface View {
  readonly width?: number
  readonly height?: number
  readonly theme?: 'light' | 'dark'
}

/** A page, and all that was heard of it. */
export interface Visit {
  readonly page: Page
  /** Every address that was asked for, by whatever of the page. */
  readonly requests: readonly string[]
  /** What the page's console complained of, refusals by the content security policy among them. */
  readonly complaints: readonly string[]
}

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
export const openBrowser = (): Promise<Browser> => {
  const install = fileURLToPath(new URL('install.mjs', import.meta.url))
  const executablePath = execFileSync(process.execPath, [install], { encoding: 'utf8' }).trim()
  // Root has no sandbox to drop into.
  return chromium.launch({ executablePath, args: quiet, chromiumSandbox: process.getuid?.() !== 0 })
}

/** Opens an address as a person would who has nothing from before; gone at the test's end. */
export const visit = async (
  browser: Browser,
  url: string,
  { width = 1600, height = 1000, theme = 'light' }: View = {},
): Promise<Visit> => {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
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
export const verdict = (page: Page): Locator => page.getByRole('heading', { level: 1 })

/** The words of an element, as they stand on the page. */
export const words = async (locator: Locator): Promise<string> =>
  // biome-ignore lint/performance/useDomNodeTextContent: a person sees what is laid out, not what is in the tree
  (await locator.innerText()).replace(/\s+/g, ' ').trim()

/** Waits until the header says it. */
export const untilVerdict = async (page: Page, text: string): Promise<void> => {
  await expect.poll(() => words(verdict(page))).toBe(text)
}

const wantsScreenshots = process.env.CHANGEOVER_SCREENSHOTS === '1'
const folder = fileURLToPath(new URL('../../../.github/screenshots/', import.meta.url))

/** Takes a picture for the README, where they are asked for: a test run leaves the tree as it was. */
export const picture = async (target: Page | Locator, name: string): Promise<void> => {
  if (!wantsScreenshots) return
  mkdirSync(folder, { recursive: true })
  if ('goto' in target) await target.evaluate(() => scrollTo(0, 0))
  await target.screenshot({ path: `${folder}${name}.png` })
}
