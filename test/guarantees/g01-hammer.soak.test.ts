import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createStampedService, type FailureKind } from './stamped-service.ts'

const RELOADS = 10_000
const CLIENTS = 2

type Site = 'request' | 'response' | 'lease' | 'use' | 'timer' | 'immediate' | 'microtask' | 'tick' | 'subscriber'

/** Counts the reads of each site, and collects the reads that saw a mix. */
const createWitness = () => {
  const reads = new Map<Site, number>()
  const mixes: string[] = []
  const versions = new Set<number>()
  return {
    reads,
    mixes,
    versions,
    note: (site: Site, stamps: readonly number[]): void => {
      reads.set(site, (reads.get(site) ?? 0) + 1)
      versions.add(stamps[0] ?? 0)
      if (mixes.length < 20 && stamps.some((stamp) => stamp !== stamps[0])) mixes.push(`${site}: ${stamps.join(' ')}`)
    },
    fault: (site: Site, fault: string): void => {
      if (mixes.length < 20) mixes.push(`${site}: ${fault}`)
    },
  }
}

const body = (port: number, agent: Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
    request.on('error', reject)
  })

/** A third of all versions fail, alternating over every way to fail and every module. */
const kindOf = (version: number): FailureKind => {
  const kinds = ['prepare', 'commit', 'check', 'apply'] as const
  return version % 3 === 0 ? (kinds[(version / 3) % kinds.length] ?? 'none') : 'none'
}

test('G1 requests, timers, microtasks, subscribers and leases never read a mix over 10,000 reloads, a third of them failing', async () => {
  const witness = createWitness()
  let isRunning = false
  // Reads from within each hook, including the commit: whatever runs next must see a whole snapshot.
  const disturb = (): void => {
    if (!isRunning) return
    queueMicrotask(() => witness.note('microtask', service.seen()))
    process.nextTick(() => witness.note('tick', service.seen()))
    setImmediate(() => witness.note('immediate', service.seen()))
  }
  const service = createStampedService(disturb)
  const { reloader, made, seen, publish } = service
  await service.start()
  isRunning = true

  const readAcrossAwaits = (): Promise<number[]> =>
    reloader.lease(async ({ config, modules }) => {
      const { one, two, three, four } = modules
      const leased = [one, two, three, four].map(({ current }) => current)
      const stamps = () => [config.version, ...[one, two, three, four].map(({ current }) => current.version)]
      const first = stamps()
      await sleep(1)
      const all = [...first, ...stamps()]
      witness.note('lease', all)
      if (leased.some(({ closes }) => closes > 0)) witness.fault('lease', 'closed while leased')
      return all
    })
  const server = createServer((_, response) => {
    witness.note('request', seen())
    void readAcrossAwaits().then((stamps) => {
      witness.note('request', seen())
      response.end(stamps.join(' '))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (isRunning) witness.note('response', (await body(port, agent)).split(' ').map(Number))
  })
  const user = (async () => {
    while (isRunning) {
      await reloader.modules.three.use(async (instance) => {
        await sleep(1)
        witness.note('use', [instance.version])
        if (instance.closes > 0) witness.fault('use', 'closed while leased')
      })
    }
  })()
  const interval = setInterval(() => witness.note('timer', seen()), 1)
  reloader.subscribe(
    (config) => config.version,
    (next) => witness.note('subscriber', [next ?? -1, ...seen()]),
  )

  const outcomes = new Map<string, number>()
  let good = 1
  for (let version = 2; version < RELOADS + 2 && witness.mixes.length === 0; version++) {
    const kind = kindOf(version)
    const { outcome } = await publish(version, kind)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (outcome === 'committed') good = version
    if (new Set([good, ...seen()]).size !== 1)
      witness.fault('timer', `at rest after ${kind}: ${good}, ${seen().join(' ')}`)
  }
  isRunning = false
  await Promise.all([...clients, user])
  clearInterval(interval)
  agent.destroy()
  await new Promise((resolve) => server.close(resolve))
  await reloader.close()

  expect(witness.mixes).toEqual([])
  expect(Object.fromEntries(outcomes)).toEqual({ committed: 6_667, 'rolled-back': 3_333 })
  // Every site has read often, and has also seen versions that were rolled back.
  for (const [site, count] of witness.reads) expect(count, site).toBeGreaterThan(100)
  expect([...witness.reads.keys()].sort()).toHaveLength(9)
  const takenBack = [...witness.versions].filter((version) => ['check', 'apply'].includes(kindOf(version)))
  expect(takenBack.length).toBeGreaterThan(100)
  expect(made.filter(({ closes }) => closes !== 1)).toEqual([])
}, 900_000)
