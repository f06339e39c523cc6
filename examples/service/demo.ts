import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Applier, closeOnSignals, timedTree } from 'changeover'
import { fileSource } from 'changeover/file'
import { pino } from 'pino'
import { acts, DemoConfig, type Document, start } from './demo-script.ts'
import { openDatabase } from './database.ts'
import { createHttp } from './http.ts'
import { type Defer, holdSignals, runToEnd } from './lifetime.ts'
import { startClients } from './demo-clients.ts'
import { createService } from './service.ts'

/** Much longer than the demo takes. */
const DEMO_MS = 240_000
/** Queries that must be answered between two acts, so that the serving pool is really used. */
const QUERIES = 200
/** Slow enough that some are under way whenever the pool is replaced. */
const SLOW_QUERY = 'select pg_sleep(0.01)'

const demo = async (defer: Defer, cleanUp: () => Promise<void>): Promise<void> => {
  const releaseSignals = holdSignals()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-demo-'))
  defer(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'config.json')
  await writeFile(path, textOf(start.document))
  const database = await openDatabase(process.env.DATABASE_URL)
  defer(database.close)

  const logger = pino({}, { write: () => {} }) // the trees below show everything
  const service = createService({
    source: fileSource({ path }),
    address: database.address,
    logger,
    schema: DemoConfig,
    quarantine: { minMs: 600_000 }, // no document is tried again between two acts
  }).use('search', (config) => (config as DemoConfig).search, search, { deadlines: { prepareMs: 500, graceMs: 100 } })
  defer(service.close)
  const http = createHttp(service, logger)
  defer(http.close)
  closeOnSignals(service, { server: http.server, onClosed: cleanUp })
  releaseSignals()
  const records = service.transactions({ signal: AbortSignal.timeout(DEMO_MS) })
  const showNext = async (): Promise<string> => {
    const { value: record } = await records.next()
    if (record === undefined) throw new Error('The demo was stopped, or it took too long.')
    console.log(indent(timedTree(record)))
    const { config, modules } = service
    const max = modules.db.current.options.max
    console.log(`   Now: log level ${logger.level}, cache every ${config.cache.intervalMs} ms, pool of ${max}.`)
    return record.outcome
  }

  console.log(`1. ${start.title}`)
  await service.start()
  await showNext()
  const url = await http.listen(0)
  const clients = startClients([() => get(`${url}/now`), () => service.modules.db.current.query(SLOW_QUERY)])
  defer(clients.stop)

  for (const [index, { title, document, outcome }] of acts.entries()) {
    await clients.answered(QUERIES)
    console.log(`\n${index + 2}. ${title}`)
    await writeFile(`${path}.new`, textOf(document))
    await rename(`${path}.new`, path)
    const actual = await showNext()
    if (actual !== outcome) throw new Error(`The outcome should have been ${outcome}.`)
  }
  await clients.answered(QUERIES)
  const { asked, failed } = await clients.stop()
  console.log(`\n${asked} queries ran during the demo, ${failed} failed.`)
  if (failed > 0) throw new Error('No query should have failed.')
}

/** The worst kind of module: if its config says so, it hangs and ignores its signal. */
const search: Applier<DemoConfig['search']> = {
  prepare: ({ hangs }) => (hangs ? new Promise(() => {}) : { instance: undefined }),
}

const get = async (url: string): Promise<void> => {
  const response = await fetch(url)
  await response.text()
  if (!response.ok) throw new Error(`The service answered ${response.status}.`)
}

const textOf = (document: Document): string => (typeof document === 'string' ? document : JSON.stringify(document))

const indent = (text: string): string => text.replaceAll(/^/gm, '   ')

await runToEnd(demo)
