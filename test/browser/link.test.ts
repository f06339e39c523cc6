import { type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { openBrowser, picture, untilVerdict, visit, words } from './chromium.ts'
import { fewModules, headOf, helloOf, transactionOf } from './made-up.ts'
import { startService } from './service.ts'
import { openStage } from './stage.ts'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
