/** A get, then a watch as the documentation of etcd3's WatchBuilder shows it, with an error listener. */
import { Etcd3 } from 'etcd3'
import type { Peer, World } from '../model.ts'

let config: Record<string, unknown> | undefined

const parse = (text: string, { onError }: World): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(text)
  } catch (error) {
    onError(error)
    return undefined
  }
}

const followKey = async (client: Etcd3, key: string, world: World): Promise<void> => {
  const use = (text: string): void => {
    const next = parse(text, world)
    if (next === undefined) return
    config = next
    void world.tellAll(config)
  }
  const text = await client.get(key).string().catch(world.onError)
  if (text) use(text)
  const watcher = await client.watch().key(key).create()
  watcher
    .on('disconnected', () => world.onError('disconnected'))
    .on('put', ({ value }) => use(value.toString()))
    .on('error', world.onError)
}

const followPrefix = async (client: Etcd3, prefix: string, world: World): Promise<void> => {
  config = await client.getAll().prefix(prefix).strings()
  config = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.slice(prefix.length), value]))
  void world.tellAll(config)
  const watcher = await client.watch().prefix(prefix).create()
  watcher
    .on('disconnected', () => world.onError('disconnected'))
    .on('put', ({ key, value }) => {
      config = { ...config, [key.toString().slice(prefix.length)]: value.toString() }
      void world.tellAll(config)
    })
    .on('error', world.onError)
}

export const peer: Peer = {
  start: async (world) => {
    const { endpoint = '', key = '', prefix } = world.target
    const client = new Etcd3({ hosts: endpoint })
    await (prefix === undefined ? followKey(client, key, world) : followPrefix(client, prefix, world))
  },
  read: () => config,
}
