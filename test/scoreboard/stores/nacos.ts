/** Nacos' HTTP API, as far as its Node client uses it: one config, and long polls by its MD5. */
import { createHash } from 'node:crypto'
import { gateFaults, makeBell, startHttp } from './http.ts'
import { brokenText, configOf, type Store, until } from './store.ts'

const WORD = '\x02'
const LINE = '\x01'

const md5 = (text: string | undefined): string =>
  text === undefined ? '' : createHash('md5').update(text).digest('hex')

export const nacosStore = async (folder: string): Promise<Store> => {
  const bell = makeBell()
  let content: string | undefined
  let isFailing = false
  let failed = 0

  const set = (next: string | undefined): void => {
    content = next
    bell.ring()
  }
  const { gate, stop } = await startHttp(async (request, { pathname }, body) => {
    if (pathname === '/nacos/v1/cs/configs' && request.method === 'GET') {
      if (isFailing) {
        isFailing = false
        failed += 1
        return { status: 500, body: 'for once' }
      }
      return content === undefined
        ? { status: 404, body: 'config data not exist' }
        : { status: 200, body: content, headers: { 'content-md5': md5(content) } }
    }
    if (pathname === '/nacos/v1/cs/configs/listener') {
      const probe = new URLSearchParams(body).get('Listening-Configs') ?? ''
      const [dataId = '', group = '', known = ''] = (probe.split(LINE)[0] ?? '').split(WORD)
      const wait = Number(request.headers['long-pulling-timeout'] ?? 30_000) - 500
      if (known === md5(content)) await bell.wait(wait)
      const isNew = known !== md5(content)
      return { status: 200, body: isNew ? encodeURIComponent([dataId, group].join(WORD) + LINE) : '' }
    }
    return { status: 404 }
  })
  return {
    target: { endpoint: `http://127.0.0.1:${gate.port}`, folder },
    put: async (version, trap) => set(JSON.stringify(configOf(version, trap))),
    putBroken: async () => set(brokenText),
    remove: async () => set(undefined),
    ...gateFaults(gate),
    putWithFailedFetch: async (version) => {
      isFailing = true
      set(JSON.stringify(configOf(version)))
      if (!(await until(() => failed === 1, 10_000))) throw new Error('no fetch came after the notification')
    },
    stop,
  }
}
