/** Apollo's config service: releases of one namespace, and notifications by long poll. */
import type { Config } from '../model.ts'
import { gateFaults, makeBell, startHttp } from './http.ts'
import { configOf, type Store, until } from './store.ts'

const POLL_MS = 60_000

export const apolloStore = async (folder: string): Promise<Store> => {
  const bell = makeBell()
  let configurations: Partial<Config> = {}
  let release = 100
  let isFailing = false
  let failed = 0

  const set = (next: Partial<Config>): void => {
    configurations = next
    release += 1
    bell.ring()
  }
  const { gate, stop } = await startHttp(async (_, { pathname, searchParams }) => {
    const [, path, appId, cluster, namespaceName] = pathname.split('/')
    if (path === 'configs') {
      if (isFailing) {
        isFailing = false
        failed += 1
        return { status: 500, body: 'for once' }
      }
      const releaseKey = `release-${release}`
      if (searchParams.get('releaseKey') === releaseKey) return { status: 304 }
      return { status: 200, body: JSON.stringify({ appId, cluster, namespaceName, configurations, releaseKey }) }
    }
    if (path === 'notifications') {
      const [asked] = JSON.parse(searchParams.get('notifications') ?? '[]')
      if (asked.notificationId === release) await bell.wait(POLL_MS)
      if (asked.notificationId === release) return { status: 304 }
      const changed = [{ namespaceName: asked.namespaceName, notificationId: release }]
      return { status: 200, body: JSON.stringify(changed) }
    }
    return { status: 404 }
  })
  return {
    target: { endpoint: `http://127.0.0.1:${gate.port}`, folder },
    put: async (version, trap) => set(configOf(version, trap)),
    putBroken: async () => {
      throw new Error('properties have no syntax to break')
    },
    remove: async () => {
      const { left: _, ...others } = configurations
      set(others)
    },
    ...gateFaults(gate),
    putWithFailedFetch: async (version) => {
      isFailing = true
      set(configOf(version))
      if (!(await until(() => failed === 1, 10_000))) throw new Error('no fetch came after the notification')
    },
    stop,
  }
}
