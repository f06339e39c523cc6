import { type ChildProcess, fork } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { answerOf, type Writer } from './etcd-writer.ts'
import type { LoadOrder, LoadResult } from './load-child.ts'
import { quantile } from './stats.ts'
import type { threeModules } from './three-modules.ts'

/** An HTTP service that answers with what its three modules follow. */
export const serve = (reloader: ReturnType<typeof threeModules>): Server =>
  createServer((_, response) => {
    const { config, modules } = reloader
    const body = { level: config.log.level, size: modules.client.current.size, isOpen: modules.client.current.isOpen }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })

export const PER_SECOND = 1_000

/** What a phase of load is made of. */
export interface Phase {
  /** Of the service, on 127.0.0.1. */
  readonly port: number
  /** The key of etcd that changes meanwhile. */
  readonly key: string
  readonly everyMs: number
  readonly forMs: number
}

/** Sends requests to a service from a process of its own, while a key of etcd changes. */
export class Load {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'load-child.js'), { execArgv: [] })
  readonly #writer: Writer

  constructor(writer: Writer) {
    this.#writer = writer
  }

  /** Returns the 99th percentile of the latencies, in milliseconds. */
  async p99({ port, key, everyMs, forMs }: Phase): Promise<number> {
    const answer = answerOf<LoadResult>(this.#child)
    this.#child.send({ port, perSecond: PER_SECOND, forMs } satisfies LoadOrder)
    await this.#writer.write({ kind: 'spaced', keys: [key], count: Math.floor(forMs / everyMs), spacingMs: everyMs })
    const { latencies, failed } = await answer
    if (failed > 0) throw new Error(`${failed} requests failed`)
    return quantile(latencies, 0.99)
  }

  stop(): void {
    this.#child.disconnect()
  }
}
