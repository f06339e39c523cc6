/** `subscribe`, which also gives the first content; an `error` listener; the disk cache in a folder of its own. */
import { load } from '../load.ts'
import type { Peer } from '../model.ts'

interface Nacos {
  readonly NacosConfigClient: new (
    options: object,
  ) => {
    readonly on: (event: 'error', listener: (error: unknown) => void) => void
    readonly subscribe: (info: object, listener: (content: string | null) => void) => void
  }
}

let config: unknown

export const peer: Peer = {
  start: async ({ target: { endpoint = '', folder }, tellAll, onError }) => {
    const { NacosConfigClient } = await load<Nacos>('nacos')
    const client = new NacosConfigClient({ serverAddr: new URL(endpoint).host, cacheDir: folder })
    client.on('error', onError)
    client.subscribe({ dataId: 'service', group: 'DEFAULT_GROUP' }, (content) => {
      let next: unknown
      try {
        next = JSON.parse(content ?? '')
      } catch (error) {
        return onError(error)
      }
      config = next
      void tellAll(config)
    })
  },
  read: () => config,
}
