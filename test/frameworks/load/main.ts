// Over a million requests through every way to pin one: `npm run load -- --requests N`. Ends with 1 if one saw a mixture.
import { parseArgs } from 'node:util'
import { loadServer } from './load.ts'
import { servers } from './servers.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1100000' } } })
const names = Object.keys(servers)
const requests = Math.ceil(Number(values.requests) / names.length)
let answered = 0
for (const name of names) {
  const started = performance.now()
  const { wrong, ...result } = await loadServer(name, { requests, clients: 200, reloadsPerSecond: 20, abortOneIn: 50 })
  const seconds = (performance.now() - started) / 1_000
  answered += result.answered
  console.log(name, { ...result, wrong: wrong.length, perSecond: Math.round(requests / seconds) })
  if (wrong.length === 0 && result.pools === 1) continue
  process.exitCode = 1
  console.error(wrong.slice(0, 10))
}
console.log(`${answered} answers`)
