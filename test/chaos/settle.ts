import { setTimeout as sleep } from 'node:timers/promises'
import { etcdSource } from 'changeover/etcd'
import type { Service } from '../support/etcd-service.ts'

/** A service of the run. */
export interface Runner {
  readonly name: string
  readonly hosts: readonly string[]
  readonly service: Service
}

/** How a service recovered after a round, in milliseconds. */
export interface Settled {
  readonly runner: string
  /** From the first good linearizable read at its hosts until it serves what that read found, or something newer. */
  readonly fromHealing: number
  /** The same from its own first good read; 0 if its watch stayed open and reported the document. */
  readonly fromOwnRead: number
}

const LIMIT_MS = 60_000

/** Returns the number of the document that a linearizable read finds; waits until there is one. */
export const newest = async (hosts: readonly string[], key: string): Promise<number> => {
  const until = performance.now() + LIMIT_MS
  const source = etcdSource({ hosts, key, deadlines: { callMs: 1_000 } })
  try {
    for (;;) {
      const result = await source.read(AbortSignal.timeout(4_000)).catch(() => undefined)
      if (result?.kind === 'document') return (JSON.parse(Buffer.from(result.content).toString()) as { n: number }).n
      if (performance.now() > until) throw new Error('etcd does not answer, although everything was repaired')
      await sleep(20)
    }
  } finally {
    await source.close?.()
  }
}

/** Waits until a service serves what is in etcd now, or something newer. Call it when everything is repaired. */
export const settle = async ({ name, hosts, service }: Runner, key: string): Promise<Settled> => {
  const { count } = service.answers()
  let ownReadAt: number | undefined
  let healed: { readonly at: number; readonly n: number } | undefined
  const probing = newest(hosts, key).then((n) => {
    healed = { at: performance.now(), n }
  })
  const until = performance.now() + 2 * LIMIT_MS
  try {
    for (;;) {
      if (ownReadAt === undefined && service.answers().count > count) ownReadAt = service.answers().at
      if (healed !== undefined && (service.serving() ?? 0) >= healed.n) break
      if (performance.now() > until) {
        throw new Error(`${name} is stuck: ${JSON.stringify(service.reloader.status().source)}`)
      }
      await sleep(2)
    }
  } finally {
    await probing
  }
  const now = performance.now()
  return { runner: name, fromHealing: now - healed.at, fromOwnRead: ownReadAt === undefined ? 0 : now - ownReadAt }
}
