import { Etcd3 } from 'etcd3'
import { startIdleMachines } from './idle-machines.ts'
import { Config } from './three-modules.ts'

/** Follows a key with etcd3's own watcher. Returns what ends it. */
export const watchTexts = async (
  endpoint: string,
  key: string,
  onText: (text: string) => void,
): Promise<() => Promise<void>> => {
  const client = new Etcd3({ hosts: endpoint })
  const watcher = await client.watch().key(key).create()
  watcher.on('put', (entry) => onText(entry.value.toString()))
  return async () => {
    watcher.removeAllListeners()
    watcher.on('error', () => undefined)
    await watcher.cancel()
    client.close()
  }
}

/** What many services do by hand: a watch, a parse, the schema, an assignment. */
export const watchByHand = (
  endpoint: string,
  key: string,
  onConfig: (config: Config) => void = () => {},
): Promise<() => Promise<void>> => watchTexts(endpoint, key, (text) => onConfig(Config.parse(JSON.parse(text))))

/** The same, with a transition of two machines for each step of a reload in between; their work does nothing. */
export const watchWithMachines = async (
  endpoint: string,
  key: string,
  onConfig: (config: Config) => void,
): Promise<() => Promise<void>> => {
  let next: Config | undefined
  const onCommit = (): void => {
    if (next !== undefined) onConfig(next)
  }
  const machines = startIdleMachines({ kind: 'valid' }, { onCommit })
  const stop = await watchByHand(endpoint, key, (config) => {
    next = config
    machines.change()
  })
  return async () => {
    await stop()
    machines.stop()
  }
}
