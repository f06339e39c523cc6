import type { TransactionRecord } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { startEtcd } from '../../support/etcd-server.ts'
import { startWriter } from '../etcd-writer.ts'
import type { Figure } from '../figure.ts'
import { collectGarbage } from '../pairs.ts'
import { documentOf, threeModules } from '../three-modules.ts'

const KEY = 'config'

interface Concluded {
  readonly at: bigint
  readonly outcome: TransactionRecord['outcome']
  /** The version that serves then. */
  readonly version: number
}

const heapMegabytes = async (): Promise<number> => {
  for (let round = 0; round < 3; round++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().heapUsed / 2 ** 20
}

const until = async (holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 30_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('The newest document does not serve')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const figure: Figure = {
  title: 'revisions as fast as etcd takes them',
  floor: 'one reload',
  run: async (scale) => {
    const count = scale === 'full' ? 10_000 : 500
    const etcd = await startEtcd()
    const writer = await startWriter(etcd.endpoint)
    await etcd.admin(async (client) => client.put(KEY).value(documentOf(0, 0n)))
    const reloader = threeModules({ source: etcdSource({ hosts: etcd.endpoint, key: KEY }) })
    const version = (): number => reloader.config.client.size
    const concluded: Concluded[] = []
    const consuming = (async () => {
      for await (const { outcome } of reloader.transactions()) {
        concluded.push({ at: process.hrtime.bigint(), outcome, version: version() })
      }
    })()
    await reloader.start()
    try {
      // A storm before, so that what is compiled and pooled once is there already.
      const before = await writer.write({ kind: 'flood', key: KEY, count: Math.min(count, 1_000) })
      await until(() => version() === before.last)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      concluded.length = 0
      const heapBefore = await heapMegabytes()
      const rssBefore = process.memoryUsage.rss()
      const { last, endedAt, perSecond } = await writer.write({ kind: 'flood', key: KEY, count })
      await until(() => version() === last)
      const rssGrown = (process.memoryUsage.rss() - rssBefore) / 2 ** 20
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const share = (concluded.length / count) * 100
      const serving = concluded.findIndex((one) => one.version === last)
      const after = concluded.slice(0, serving + 1).filter(({ at }) => at > BigInt(endedAt)).length
      const records = concluded.length
      const heapGrown = (await heapMegabytes()) - heapBefore
      return [
        {
          name: 'records',
          unit: '% of the puts',
          value: share,
          goal: '≤ 2 %',
          isMet: share <= 2,
          note: `${count} puts, ${Math.round(perSecond)} a second, ${records} records`,
        },
        {
          name: 'the newest serves',
          unit: 'reloads after the last put',
          value: after,
          floor: 1,
          goal: '≤ 3',
          isMet: after <= 3,
        },
        {
          name: 'memory',
          unit: 'MB more heap after GC',
          value: heapGrown,
          goal: '≤ 1 MB',
          isMet: heapGrown <= 1,
          note: `resident during the storm ${rssGrown >= 0 ? '+' : ''}${rssGrown.toFixed(1)} MB`,
        },
      ]
    } finally {
      await Promise.all([reloader.close(), writer.stop()])
      await consuming
      await etcd.stop()
    }
  },
}
