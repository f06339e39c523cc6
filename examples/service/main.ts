import { timedTree } from 'changeover'
import { pino } from 'pino'
import { openDatabase } from './database.ts'
import { serveHttp } from './http.ts'
import { aborted, type Defer, runToEnd, stopSignal } from './lifetime.ts'
import { createService, type Service } from './service.ts'
import { openSource } from './source.ts'

const main = async (stop: AbortSignal, defer: Defer): Promise<void> => {
  const { source, howToEdit } = openSource(process.env)
  const database = await openDatabase(process.env.DATABASE_URL)
  defer(database.close)
  // People read this log, and the tree below shows them the record. Where machines read it, leave the record whole.
  const logger = pino({ base: null, serializers: { changeover: ({ id, code }) => id ?? code } })
  const service = createService({ source, address: database.address, logger })
  defer(service.close)
  // "Read again now". It rejects only before the start and while closing.
  process.on('SIGHUP', () => void service.reload().catch(() => {}))
  await service.start({ signal: stop }).catch((error: unknown) => {
    if (!stop.aborted) throw error
  })
  if (stop.aborted) return
  const http = await serveHttp(service, logger, Number(process.env.PORT ?? 0))
  defer(http.close)
  void showTransactions(service)
  console.log(whatToTry(http.url, howToEdit))
  await aborted(stop)
  console.log('Draining. Once more ends it at once.')
}

const showTransactions = async (service: Service): Promise<void> => {
  for await (const record of service.transactions()) console.log(timedTree(record))
}

const whatToTry = (url: string, howToEdit: string): string => `
Serving on ${url}. Try next:

  ${howToEdit}
      Set log.level to "debug", cache.intervalMs to 1000 and db.max to 10: they change together.
      Then set db.max to 20 and add a db.password that is wrong: neither changes, and all goes on.
  curl ${url}/          the values that serve
  curl ${url}/status    what became of the last change
  curl ${url}/now       a query through the pool
  kill -HUP ${`${process.pid}`.padEnd(9 + url.length - 4)} reads the config again now
  Ctrl-C ${' '.repeat(url.length + 7)} drains and ends
`

await runToEnd((defer) => main(stopSignal(), defer))
