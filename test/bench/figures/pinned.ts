import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { answerOf } from '../etcd-writer.ts'
import type { Figure, Measure, Scale } from '../figure.ts'
import { type Paired, pairs, type Sampler, spreadOf, together } from '../pairs.ts'
import type { PinnedMode, PinnedUse } from '../pinned-child.ts'

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
const sampler =
  ({ ask, use }: App, requests: number): Sampler =>
  async () => {
    const before = await use()
    await ask(requests)
    return (((await use()).processorMs - before.processorMs) * 1_000) / requests
  }

/** `AsyncLocalStorage` follows promises by hooks before Node 22. */
const pinnedGoal = Number(process.versions.node.split('.')[0]) >= 22 ? 0.97 : 0.9

/** Ours and the floor, in fresh processes of their own: what the engine makes of the same code differs by process. */
const samplePairs = async (mode: PinnedMode, { apps, rounds, warmup, requests }: Plan): Promise<readonly Paired[]> => {
  const samples: Paired[] = []
  for (let count = 0; count < apps; count += 1) {
    const [ours, floor] = await Promise.all([startApp(mode), startApp('plain')])
    samples.push(await pairs(sampler(ours, requests), sampler(floor, requests), { rounds, warmup }))
    ours.end()
    floor.end()
  }
  return samples
}

interface Plan {
  /** How many processes of each side. */
  readonly apps: number
  /** Of each process. */
  readonly rounds: number
  readonly warmup: number
  /** Of each round. */
  readonly requests: number
}

const plans: Readonly<Record<Scale, Plan>> = {
  full: { apps: 3, rounds: 9, warmup: 7, requests: 6_000 },
  smoke: { apps: 1, rounds: 2, warmup: 1, requests: 200 },
}

export const figure: Figure = {
  title: 'requests a second of a Fastify app whose requests are pinned',
  floor: 'the same app without Changeover',
  run: async function* (scale) {
    for (const [name, mode, goal] of [
      ['pinned()', 'pinned', pinnedGoal],
      ['request.config, without AsyncLocalStorage', 'request-config', 0.97],
    ] as const) {
      const samples = await samplePairs(mode, plans[scale])
      const paired = together(samples)
      const ratio = 1 / paired.ratio
      yield {
        name,
        unit: 'requests a second of processor',
        value: 1_000_000 / paired.ours,
        floor: 1_000_000 / paired.floor,
        ratio,
        goal: `≥ ${goal}×`,
        isMet: ratio >= goal,
        note: `times: ${spreadOf(paired, `${samples.length} processes each:`)}`,
      }
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
