import { createServer, type Server } from 'node:http'
import { isChangeoverError, type Reloader } from 'changeover'
import type { Client } from './client.ts'
import type { Config } from './config.ts'

interface ServingReloader extends Pick<Reloader<Config>, 'config' | 'explain' | 'status'> {
  readonly modules: { readonly client: { readonly current: Client | undefined } }
}

/** `/` shows the config without its secret, `/explain/page.limit` where a value comes from, `/status` the layers. */
export const createHttp = (reloader: ServingReloader): Server =>
  createServer((request, response) => {
    const [, page, path = ''] = (request.url ?? '').split('/')
    response.setHeader('content-type', 'application/json')
    try {
      if (page === 'explain') response.end(JSON.stringify(reloader.explain(decodeURIComponent(path)), null, 2))
      else if (page === 'status') response.end(JSON.stringify(reloader.status().source.layers, null, 2))
      else response.end(JSON.stringify(shown(reloader), null, 2))
    } catch (error) {
      response.writeHead(400).end(JSON.stringify({ code: isChangeoverError(error) ? error.code : 'failed' }))
    }
  })

const shown = ({ config: { api: _, ...config }, modules }: ServingReloader): object => ({
  ...config,
  token: modules.client.current?.fingerprint,
})
