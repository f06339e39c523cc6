import { timedTree } from 'changeover'
import { inspector } from 'changeover/inspect'
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
  await service.start({ signal: stop })
  void showTransactions(service)
  const inspected = await inspector({ reloader: service, actions: true })
  defer(inspected.close)
  // A link opens one session; this one gives the next.
  process.on('SIGUSR2', () => console.log(`The inspector: ${inspected.url}`))
  const http = await serveHttp(service, logger, Number(process.env.PORT ?? 0))
  defer(http.close)
  console.log(whatToTry(http.url, inspected.url, howToEdit))
  await aborted(stop)
  console.log('Draining. Once more ends it at once.')
}

const showTransactions = async (service: Service): Promise<void> => {
  for await (const record of service.transactions()) console.log(timedTree(record))
}

const whatToTry = (url: string, page: string, howToEdit: string): string => {
  const commands = [
    [`curl ${url}/`, 'the values that serve'],
    [`curl ${url}/now`, 'a query through the pool'],
    [`curl ${url}/status`, 'what became of the last change'],
    [`kill -HUP ${process.pid}`, 'reads the config again now'],
    [`kill -USR2 ${process.pid}`, 'another link to the inspector: each opens one session'],
    ['Ctrl-C', 'drains and ends'],
  ]
  const widest = Math.max(...commands.map(([command = '']) => command.length))
  return `
Serving on ${url}. Watch it: ${page}
Try next:

  ${howToEdit}
    Set log.level to "debug", cache.intervalMs to 1000 and db.max to 10: they change together.
    Then set db.max to 20 and add a wrong db.password: neither changes, and all goes on.
${commands.map(([command = '', what]) => `  ${command.padEnd(widest)}  ${what}`).join('\n')}
`
}

const stop = stopSignal()
await runToEnd((defer) =>
  main(stop, defer).catch((error: unknown) => {
    if (!stop.aborted) throw error // what was told to stop has not failed
  }),
)
