import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { answerOf } from '../etcd-writer.ts'
import type { Figure, Measure, Scale } from '../figure.ts'
import type { PinnedMode, PinnedUse } from '../pinned-child.ts'
import { median } from '../stats.ts'

const SOCKETS = 8
/** Requests under way on one socket: the server, not the client, is what is busy. */
const PIPELINED = 16
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

interface App {
  /** Sends so many requests and resolves when they are answered. */
  readonly ask: (requests: number) => Promise<void>
  /** What the process has used; `collect` frees what it does not need first. */
  readonly use: (order?: 'collect') => Promise<PinnedUse>
  readonly end: () => void
}

const startApp = async (mode: PinnedMode): Promise<App> => {
  const child = fork(join(import.meta.dirname, '..', 'pinned-child.js'), [mode], { execArgv: ['--expose-gc'] })
  const port = await answerOf<number>(child)
  const sockets = Array.from({ length: SOCKETS }, () => connect(port, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return {
    ask: async (requests) => {
      await Promise.all(sockets.map((socket) => askOn(socket, Math.ceil(requests / SOCKETS))))
    },
    use: (order) => {
      child.send(order ?? 'use')
      return answerOf<PinnedUse>(child)
    },
    end: () => {
      for (const socket of sockets) socket.destroy()
      child.kill()
    },
  }
}

const askOn = (socket: Socket, requests: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let sent = 0
    let answered = 0
    let rest = ''
    const send = (count: number): void => {
      const next = Math.min(count, requests - sent)
      sent += next
      if (next > 0) socket.write(REQUEST.repeat(next))
    }
    const onClose = (): void => reject(new Error('The app has closed a connection'))
    const onData = (chunk: Buffer): void => {
      const text = rest + chunk.toString('latin1')
      const answers = text.split('{"limit":20}')
      rest = answers.pop() ?? ''
      if (rest.length > 10_000) return reject(new Error('An answer is wrong'))
      answered += answers.length
      if (answered < requests) return send(answers.length)
      socket.off('data', onData).off('close', onClose)
      resolve()
    }
    socket.on('data', onData)
    socket.once('close', onClose)
    send(PIPELINED)
  })

/** Milliseconds of the server's processor for a thousand requests. */
const timeOf = async ({ ask, use }: App, requests: number): Promise<number> => {
  const before = await use()
  await ask(requests)
  return (((await use()).processorMs - before.processorMs) * 1_000) / requests
}

/** `AsyncLocalStorage` follows promises by hooks before Node 22. */
const pinnedGoal = Number(process.versions.node.split('.')[0]) >= 22 ? 0.97 : 0.9

/** The apps that are held against the plain one, each with its goal. */
const compared: readonly (readonly [name: string, mode: PinnedMode, goal?: number])[] = [
  ['pinned()', 'pinned', pinnedGoal],
  ['of it AsyncLocalStorage alone', 'async-local-storage'],
  ['request.config, without AsyncLocalStorage', 'request-config', 0.97],
]

const modes: readonly PinnedMode[] = ['plain', ...compared.map(([, mode]) => mode)]

interface Plan {
  /** How many processes of each app. */
  readonly processes: number
  /** Of each process. */
  readonly rounds: number
  readonly warmup: number
  /** Of each round. */
  readonly requests: number
}

const plans: Readonly<Record<Scale, Plan>> = {
  full: { processes: 5, rounds: 4, warmup: 5, requests: 4_500 },
  smoke: { processes: 1, rounds: 1, warmup: 1, requests: 200 },
}

/** The times of each app in one process each, measured in turn: the median of the rounds. */
const timesOfProcesses = async ({ rounds, warmup, requests }: Plan): Promise<ReadonlyMap<PinnedMode, number>> => {
  const apps = await Promise.all(
    modes.map(async (mode) => ({ mode, app: await startApp(mode), times: [] as number[] })),
  )
  for (let round = -warmup; round < rounds; round += 1) {
    for (const { app, times } of round % 2 === 0 ? apps : [...apps].reverse()) {
      const time = await timeOf(app, requests)
      if (round >= 0) times.push(time)
    }
  }
  for (const { app } of apps) app.end()
  return new Map(apps.map(({ mode, times }) => [mode, median(times)]))
}

/**
 * Keeps this process, and those that it starts, on one processor, where the system can: two that share a core slow each
 * other down by half, and which do changes from process to process.
 */
const useOneProcessor = (): void => {
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', '0', String(process.pid)])
}

export const figure: Figure = {
  title: 'requests a second of a Fastify app whose requests are pinned',
  floor: 'the same app without Changeover',
  run: async function* (scale) {
    useOneProcessor()
    const plan = plans[scale]
    const times: ReadonlyMap<PinnedMode, number>[] = []
    for (let count = 0; count < plan.processes; count += 1) times.push(await timesOfProcesses(plan))
    const of = (mode: PinnedMode): number[] => times.map((one) => one.get(mode) ?? Number.NaN)
    const floors = of('plain')
    for (const [name, mode, goal] of compared) {
      const ratios = of(mode).map((ours, index) => (floors[index] ?? Number.NaN) / ours)
      const ratio = median(ratios)
      yield {
        name,
        unit: 'requests a second of processor',
        value: 1_000_000 / median(of(mode)),
        floor: 1_000_000 / median(floors),
        ratio,
        ...(goal === undefined ? {} : { goal: `≥ ${goal}×`, isMet: ratio >= goal }),
        note: `${plan.processes} processes each: ${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}×`,
      }
    }
    const added = of('pinned').map((ours, index) => (of('async-local-storage')[index] ?? Number.NaN) / ours)
    yield {
      name: 'pinned(), beside AsyncLocalStorage alone',
      unit: 'requests a second of processor',
      value: 1_000_000 / median(of('pinned')),
      floor: 1_000_000 / median(of('async-local-storage')),
      ratio: median(added),
      goal: '≥ 0.97×',
      isMet: median(added) >= 0.97,
      note: 'what Changeover itself adds',
    }
    yield await heapAfter(scale === 'full' ? 1_000_000 : 1_000)
  },
}

/** What a million requests leave in the heap. */
const heapAfter = async (requests: number): Promise<Measure> => {
  const { ask, use, end } = await startApp('pinned')
  await ask(requests / 10)
  const before = await use('collect')
  await ask(requests)
  const kept = ((await use('collect')).heapBytes - before.heapBytes) / 2 ** 20
  end()
  const note = `${requests.toLocaleString('en-US')} requests`
  return { name: 'heap that is kept', unit: 'MB more after GC', value: kept, goal: '≤ 1 MB', isMet: kept <= 1, note }
}
