import { Agent, request } from 'node:http'
import { makeService } from '../pooled-service.ts'
import { servers } from './servers.ts'

/** How much load. */
export interface Load {
  readonly requests: number
  readonly clients: number
  readonly reloadsPerSecond: number
  /** One in so many requests is aborted by its client, at the first chunk. */
  readonly abortOneIn: number
}

/** What became of the requests. */
export interface LoadResult {
  readonly answered: number
  readonly aborted: number
  readonly reloads: number
  /** Answers of more than one version, or that met a closed pool. */
  readonly wrong: readonly string[]
  /** How many versions were seen in all. */
  readonly versions: number
  /** The pools that are open once all requests have ended: one. */
  readonly pools: number
}

/** Lets clients ask one server while its config changes all the time. */
export const loadServer = async (name: string, load: Load): Promise<LoadResult> => {
  const service = makeService()
  const { reloader } = service
  await reloader.start()
  const start = servers[name]
  if (start === undefined) throw new Error(`There is no server ${name}`)
  const server = await start(reloader)
  const agent = new Agent({ keepAlive: true, maxSockets: load.clients })
  const result = { answered: 0, aborted: 0, reloads: 0, wrong: [] as string[] }
  const seen = new Set<string>()
  let isLoaded = true
  const reloading = (async () => {
    for (let version = 2; isLoaded; version += 1) {
      const pause = new Promise((resolve) => setTimeout(resolve, 1_000 / load.reloadsPerSecond))
      service.source.put({ version })
      const { outcome } = await reloader.reload()
      if (outcome !== 'committed') result.wrong.push(outcome)
      result.reloads += 1
      await pause
    }
  })()
  let begun = 0
  const client = async (): Promise<void> => {
    while (begun < load.requests) {
      begun += 1
      const isAborted = begun % load.abortOneIn === 0
      const text = await ask(server.port, agent, isAborted)
      if (isAborted) {
        result.aborted += 1
        continue
      }
      result.answered += 1
      const versions = new Set(text.trim().split(' '))
      if (versions.size !== 1 || text.trim().split(' ').length !== 12) result.wrong.push(text)
      for (const version of versions) seen.add(version)
    }
  }
  await Promise.all(Array.from({ length: load.clients }, client))
  isLoaded = false
  await reloading
  agent.destroy()
  const pools = await untilOnePool(() => reloader.status().modules.db?.live ?? 0)
  await server.close()
  await reloader.close()
  return { ...result, versions: seen.size, pools }
}

const ask = (port: number, agent: Agent, isAborted: boolean): Promise<string> =>
  new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (isAborted) sent.destroy()
      })
      response.on('error', () => resolve('aborted'))
      response.on('end', () => resolve(text))
    })
    sent.on('error', (error) => resolve(`✗ ${error.message}`))
    sent.end()
  })

/** The pool that was replaced last closes a moment after its last request. */
const untilOnePool = async (count: () => number): Promise<number> => {
  for (let tries = 0; tries < 500 && count() > 1; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  return count()
}
