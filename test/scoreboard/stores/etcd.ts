import { Etcd3 } from 'etcd3'
import { startEtcd } from '../../support/etcd-server.ts'
import { startGate } from '../gate.ts'
import { brokenText, configOf, type Store, until } from './store.ts'

/** A real etcd of its own. The config is one key's document, or with `keys` three keys that one transaction writes. */
export const etcdStore = async (folder: string, keys: boolean): Promise<Store> => {
  const server = await startEtcd()
  const gate = await startGate(server.port)
  const admin = new Etcd3({ hosts: server.endpoint })
  const key = '/service'
  const prefix = '/service/'

  const write = async (config: object): Promise<void> => {
    if (!keys) return void (await admin.put(key).value(JSON.stringify(config)))
    const puts = Object.entries(config).map(([name, value]) => admin.put(prefix + name).value(`${value}`))
    await admin
      .if(key, 'Version', '==', 0)
      .then(...puts)
      .commit()
  }
  return {
    target: { endpoint: `http://127.0.0.1:${gate.port}`, folder, key, ...(keys ? { prefix } : {}) },
    put: (version, trap) => write(configOf(version, trap)),
    putBroken: async () => admin.put(key).value(brokenText),
    remove: async () => admin.delete().key(key),
    down: gate.refuse,
    up: gate.heal,
    forget: async () => {
      const { revision } = (await admin.put('/other').value('')).header
      await admin.kv.compact({ revision, physical: true })
    },
    reset: gate.reset,
    attempts: gate.attempts,
    putWithFailedFetch: async (version) => {
      gate.failNextRequest()
      await write(configOf(version))
      if (!(await until(() => gate.failed() === 1, 10_000))) throw new Error('no fetch came after the notification')
    },
    stop: async () => {
      admin.close()
      await gate.close()
      await server.stop()
    },
  }
}
