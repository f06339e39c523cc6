/**
 * Run as a process of its own: `service-process <settings>`, which are JSON. Serves until SIGTERM, and prints its status as
 * a line of JSON whenever it has changed. Gives up root where it is told to, before whom permissions do not count.
 */
import { writeSync } from 'node:fs'
import { fileSource } from '../../../src/sources/file/index.ts'
import type { ProcessSettings, ProcessStatus } from './process-status.ts'
import { createLog, createService, effectsIn, filesIn } from './service.ts'

// Whatever becomes of its test, it does not stay.
setTimeout(() => process.exit(3), 300_000).unref()

const settings: ProcessSettings = JSON.parse(process.argv[2] ?? '{}')
const { document, effects, kept } = filesIn(settings.folder)

if (settings.uid !== undefined && process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setegid?.(settings.uid)
  process.seteuid?.(settings.uid)
}

const { logger, codes, errors } = createLog()
const service = createService({
  source: fileSource({ path: document, pollMs: 50, settleMs: 0 }),
  effects: effectsIn(effects),
  lastKnownGood: kept,
  logger,
  build: settings.build ?? '',
  isFixed: settings.isFixed ?? false,
  soak: settings.soakMs,
  deadlines: { persistMs: 60_000 },
})
const { reloader } = service

let told = ''
const tell = (): void => {
  const { state, quarantine, persistence, lastKnownGood, goodHistory: history, last } = reloader.status()
  const status: ProcessStatus = {
    pid: process.pid,
    state,
    served: state === 'committed' || state === 'rejected' ? service.served() : undefined,
    isProved: lastKnownGood !== undefined,
    goods: history.length,
    quarantine: quarantine.map(({ code, count }) => `${code} ${count}`),
    causes: last !== undefined && 'failures' in last ? last.failures.map(({ code }) => code) : [],
    lastError: persistence?.lastError?.code,
    codes,
    errors,
  }
  const text = JSON.stringify(status)
  if (text === told) return
  told = text
  writeSync(1, `${text}\n`)
}

const telling = setInterval(tell, 10)
process.once('SIGTERM', () => {
  void reloader.close().then(() => {
    clearInterval(telling)
    tell()
  })
})
await reloader.start()
