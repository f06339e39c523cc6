/** Azure App Configuration's list of key-values, with the page's ETag. Keys hold JSON, said by their content type. */
import { createHash } from 'node:crypto'
import { gateFaults, startHttp } from './http.ts'
import { brokenText, configOf, type Store, until } from './store.ts'

const JSON_TYPE = 'application/json'

export const azureStore = async (folder: string): Promise<Store> => {
  let values: Readonly<Record<string, string>> = {}
  let isFailing = false
  let hasNotified = false
  let failed = 0

  const { gate, stop } = await startHttp(async (request, { pathname }) => {
    if (pathname !== '/kv') return { status: 404 }
    if (isFailing && hasNotified) {
      isFailing = false
      failed += 1
      return { status: 500, body: '{}', headers: { 'content-type': JSON_TYPE } }
    }
    const items = Object.entries(values).map(([key, value]) => ({
      etag: createHash('md5').update(`${key} ${value}`).digest('hex'),
      key,
      label: null,
      content_type: JSON_TYPE,
      value,
      last_modified: new Date(0).toISOString(),
      locked: false,
      tags: {},
    }))
    const etag = `"${createHash('md5').update(JSON.stringify(items)).digest('hex')}"`
    const headers = { etag, 'content-type': 'application/vnd.microsoft.appconfig.kvset+json' }
    if (request.headers['if-none-match'] === etag) return { status: 304, headers }
    hasNotified = request.headers['if-none-match'] !== undefined
    return { status: 200, headers, body: JSON.stringify({ items, etag: etag.slice(1, -1) }) }
  })
  const valuesOf = (config: object): Record<string, string> =>
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]))
  return {
    target: { endpoint: `http://127.0.0.1:${gate.port}`, folder },
    put: async (version, trap) => {
      values = valuesOf(configOf(version, trap))
    },
    putBroken: async () => {
      values = { ...values, left: brokenText }
    },
    remove: async () => {
      const { left, ...others } = values
      values = left === undefined ? values : others
    },
    ...gateFaults(gate),
    // The provider first asks whether anything has changed, and then fetches: that second request fails.
    putWithFailedFetch: async (version) => {
      hasNotified = false
      isFailing = true
      values = valuesOf(configOf(version))
      if (!(await until(() => failed === 1, 10_000))) throw new Error('no fetch came after the notification')
    },
    stop,
  }
}
