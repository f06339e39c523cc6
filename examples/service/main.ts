import { closeOnSignals, timedTree } from 'changeover'
import { inspector } from 'changeover/inspect'
import { pino } from 'pino'
import { openDatabase } from './database.ts'
import { createHttp } from './http.ts'
import { type Defer, holdSignals, runToEnd } from './lifetime.ts'
import { createService, type Service } from './service.ts'
import { openSource } from './source.ts'

const main = async (defer: Defer, cleanUp: () => Promise<void>): Promise<void> => {
  const releaseSignals = holdSignals()
  const { source, howToEdit } = openSource(process.env)
  const database = await openDatabase(process.env.DATABASE_URL)
  defer(database.close)
  // People read this log, and the tree below shows them the record. For machines, log the whole record.
  const logger = pino({ base: null, serializers: { changeover: ({ id, code }) => id ?? code } })
  const service = createService({ source, address: database.address, logger })
  defer(service.close)
  const http = createHttp(service, logger)
  defer(http.close)
  // SIGINT and SIGTERM close the server, the service and then the rest; SIGHUP reads the config again.
  closeOnSignals(service, { server: http.server, onClosed: cleanUp })
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => console.log('Draining. Press Ctrl-C again to end at once.'))
  }
  releaseSignals()
  await service.start()
  void showTransactions(service)
  const inspected = await inspector({ reloader: service, actions: true })
  defer(inspected.close)
  // A link opens one session, so another session needs another link.
  process.on('SIGUSR2', () => console.log(`The inspector: ${inspected.url}`))
  const url = await http.listen(Number(process.env.PORT ?? 0))
  console.log(whatToTry(url, inspected.url, howToEdit))
  await new Promise(() => {}) // until a signal ends the process
}

const showTransactions = async (service: Service): Promise<void> => {
  for await (const record of service.transactions()) console.log(timedTree(record))
}

const whatToTry = (url: string, page: string, howToEdit: string): string => {
  const commands = [
    [`curl ${url}/`, 'shows the values that serve'],
    [`curl ${url}/now`, 'runs a query through the pool'],
    [`curl ${url}/status`, 'shows the outcome of the last change'],
    [`curl ${url}/metrics`, 'shows the metrics for Prometheus'],
    [`curl ${url}/live`, 'answers while the event loop runs'],
    [`curl ${url}/ready`, 'answers 200 from the first commit on, whatever fails later'],
    [`kill -HUP ${process.pid}`, 'reads the config again'],
    [`kill -USR2 ${process.pid}`, 'prints another link to the inspector: each opens one session'],
    ['Ctrl-C', 'drains and ends'],
  ]
  const widest = Math.max(...commands.map(([command = '']) => command.length))
  return `
Serving on ${url}. Inspect it: ${page}
Try next:

  ${howToEdit}
    Set log.level to "debug", cache.intervalMs to 1000 and db.max to 10: they change together.
    Then set db.max to 20 and add a wrong db.password: nothing changes, and the service keeps serving.
${commands.map(([command = '', effect]) => `  ${command.padEnd(widest)}  ${effect}`).join('\n')}
`
}

await runToEnd(main)
