/** A namespace with its `updated` event (the one that gives the whole config), error listeners and the disk cache. */
import { load } from '../load.ts'
import type { Peer } from '../model.ts'

interface Namespace {
  readonly on: (event: string, listener: (event: unknown) => void) => Namespace
  readonly ready: () => Promise<unknown>
  readonly config: () => unknown
}
type Apollo = (options: object) => { readonly namespace: () => Namespace }

let namespace: Namespace | undefined

export const peer: Peer = {
  start: async ({ target: { endpoint: host, folder }, tellAll, onError }) => {
    const apollo = await load<Apollo>('ctrip-apollo')
    const made = apollo({ host, appId: 'service', cachePath: folder }).namespace()
    namespace = made
      .on('updated', () => void tellAll(made.config()))
      .on('fetch-error', onError)
      .on('save-error', onError)
    await made.ready()
    void tellAll(made.config())
  },
  read: () => namespace?.config(),
}
