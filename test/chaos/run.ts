import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../support/etcd-cluster.ts'
import { createService } from '../support/etcd-service.ts'
import { faultGroups, type Fault, type FaultTarget } from './faults.ts'
import type { ChaosRandom } from './random.ts'
import type { Round } from './report.ts'
import { newest, settle, type Runner } from './settle.ts'
import { startWriter, type Writer } from './writer.ts'

export interface RunOptions {
  readonly durationMs: number
  readonly random: ChaosRandom
  readonly log: (line: string) => void
}

export interface ChaosReport {
  readonly rounds: readonly Round[]
  /** Everything that went wrong; empty if the run has passed. */
  readonly problems: readonly string[]
  /** Figures for the reader. */
  readonly figures: readonly string[]
}

const KEY = '/chaos/config'

/** Picks one fault, often two, seldom three, from different groups. */
const pickFaults = (random: ChaosRandom): readonly Fault[] => {
  const share = random.between(0.2, 0.8)
  const some = Object.values(faultGroups).filter(() => random.next() < share)
  const chosen = some.length > 0 ? some : [random.pick(Object.values(faultGroups))]
  return chosen.map((group) => random.weigh(group))
}

/** Picks mostly short durations, for many rounds; a long run also has some that outlast every deadline. */
const pickDuration = ({ durationMs, random }: RunOptions): number => {
  const isLong = durationMs >= 120_000 && random.next() < 0.1
  return isLong ? random.between(16_000, 30_000) : random.between(100, 4_000)
}

const runRound = async (target: FaultTarget, runners: readonly Runner[], options: RunOptions): Promise<Round> => {
  const faults = pickFaults(options.random)
  const durationMs = pickDuration(options)
  const calmMs = options.random.between(0, 2_000)
  const names = faults.map(({ name }) => name)
  options.log(`${names.join(' + ')} for ${(durationMs / 1_000).toFixed(1)} s`)
  const cures: (() => Promise<unknown>)[] = []
  for (const fault of faults) cures.unshift(await fault.strike(target))
  await sleep(durationMs)
  for (const cure of cures) await cure()
  const settling = Promise.all(runners.map((runner) => settle(runner, KEY)))
  const [settled] = await Promise.all([settling, target.cluster.untilHealthy()])
  const slowest = Math.max(...settled.map(({ fromHealing }) => fromHealing))
  options.log(`  all serve the newest again, the last one ${Math.round(slowest)} ms after the repair`)
  await sleep(calmMs)
  return { faults: names, settled }
}

/** Checks that numbers rise, and that each acknowledged write was applied or replaced by a newer one. */
const checkApplied = ({ name, service }: Runner, writer: Writer, last: number): readonly string[] => {
  const { applied } = service
  const problems = applied.flatMap((n, at) =>
    at > 0 && n <= (applied[at - 1] ?? 0) ? [`${name} applied ${n} after ${applied[at - 1]}`] : [],
  )
  const best = Math.max(0, ...applied)
  const lost = writer.acknowledged.filter(({ n }) => n > best)
  if (lost.length > 0) problems.push(`${name} applied neither ${lost.length} acknowledged writes nor anything newer`)
  if (service.serving() !== last) problems.push(`${name} serves ${service.serving()}, but the newest is ${last}`)
  return problems
}

const figuresOf = ({ name, service }: Runner, writer: Writer, seconds: number): string => {
  const applied = new Set(service.applied)
  const direct = writer.acknowledged.filter(({ n }) => applied.has(n)).length
  const reads = (service.reads() / seconds).toFixed(2)
  const { length } = writer.acknowledged
  return `${name}: ${reads} reads/s, ${service.watches()} watches, ${direct} of ${length} writes applied, the others skipped for newer ones`
}

/** Runs the chaos to its end: everything is repaired, checked and closed. */
export const runChaos = async (options: RunOptions): Promise<ChaosReport> => {
  const { durationMs, random } = options
  const cluster = await startCluster()
  const [first = ''] = cluster.hosts
  const writer = startWriter(cluster.endpoints, KEY, 50)
  const runners: readonly Runner[] = [
    { name: 'reloader 1 (three hosts)', hosts: cluster.hosts },
    { name: 'reloader 2 (three hosts)', hosts: cluster.hosts.toReversed() },
    { name: 'reloader 3 (one host)', hosts: [first] },
  ].map((one) => ({ ...one, service: createService({ hosts: one.hosts, key: KEY }) }))
  const rounds: Round[] = []
  const problems: string[] = []
  const began = performance.now()
  try {
    await newest(cluster.endpoints, KEY) // a start without a document would fail
    for (const { service } of runners) service.start()
    await Promise.all(runners.map((runner) => settle(runner, KEY)))
    while (performance.now() - began < durationMs) {
      rounds.push(await runRound({ cluster, writer, key: KEY, random }, runners, options))
    }
    await writer.stop()
    const last = await newest(cluster.endpoints, KEY)
    await Promise.all(runners.map((runner) => settle(runner, KEY)))
    for (const runner of runners) problems.push(...checkApplied(runner, writer, last))
  } catch (error) {
    problems.push(error instanceof Error ? error.message : 'something other than an error was thrown')
  }
  const seconds = (performance.now() - began) / 1_000
  await writer.stop()
  const { length } = writer.acknowledged
  const figures = [
    `${length} writes acknowledged (${(length / seconds).toFixed(1)}/s), ${writer.unknown()} without an answer`,
    ...runners.map((runner) => figuresOf(runner, writer, seconds)),
  ]
  // A reconnect costs one read to connect and one when the watch has opened; a round has several of them.
  for (const { name, service } of runners) {
    problems.push(...(await service.end(20 + 10 * rounds.length)).map((line) => `${name}: ${line}`))
  }
  const open = await leftOpen(cluster)
  if (open > 0) problems.push(`${open} connections are open after all reloaders were closed`)
  await cluster.stop()
  return { rounds, problems, figures }
}

const leftOpen = async ({ members }: Awaited<ReturnType<typeof startCluster>>): Promise<number> => {
  const count = (): number => members.reduce((sum, { proxy }) => sum + proxy.open(), 0)
  for (let waited = 0; waited < 5_000 && count() > 0; waited += 50) await sleep(50)
  return count()
}
