/**
 * Runs a service until SIGTERM: `service-process <settings as JSON>`. Prints its status as a line of JSON whenever it
 * changes. Gives up root if told to, because permissions do not bind root.
 */
import { writeSync } from 'node:fs'
import { fileSource } from '../../../src/sources/file/index.ts'
import type { ProcessSettings, ProcessStatus } from './process-status.ts'
import { createLog, createService, effectsIn, filesIn } from './service.ts'

// Ends the process even if its test does not.
setTimeout(() => process.exit(3), 300_000).unref()

const settings: ProcessSettings = JSON.parse(process.argv[2] ?? '{}')
const { document, effects, goodFile } = filesIn(settings.folder)

if (settings.uid !== undefined && process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setegid?.(settings.uid)
  process.seteuid?.(settings.uid)
}

const { logger, codes, errors } = createLog()
const service = createService({
  source: fileSource({ path: document, pollMs: 50, settleMs: 0 }),
  effects: effectsIn(`${effects}${settings.name ?? ''}`),
  lastKnownGood: goodFile,
  logger,
  build: settings.build ?? '',
  isFixed: settings.isFixed ?? false,
  soak: settings.soakMs,
  ...(settings.maxAttempts === undefined ? {} : { maxAttempts: settings.maxAttempts }),
  deadlines: { persistMs: 60_000 },
})
const { reloader } = service

let lastPrinted = ''
const printStatus = (): void => {
  const { state, quarantine, persistence, lastKnownGood, goodHistory, last } = reloader.status()
  const status: ProcessStatus = {
    pid: process.pid,
    state,
    served: state === 'committed' || state === 'rejected' ? service.served() : undefined,
    isGood: lastKnownGood !== undefined,
    goodCount: goodHistory.length,
    quarantine: quarantine.map(({ code, count }) => `${code} ${count}`),
    causes: last !== undefined && 'failures' in last ? last.failures.map(({ code }) => code) : [],
    lastError: persistence?.lastError?.code,
    codes,
    errors,
  }
  const text = JSON.stringify(status)
  if (text === lastPrinted) return
  lastPrinted = text
  writeSync(1, `${text}\n`)
}

const timer = setInterval(printStatus, 10)
process.once('SIGTERM', () => {
  void reloader.close().then(() => {
    clearInterval(timer)
    printStatus()
  })
})
await reloader.start()
