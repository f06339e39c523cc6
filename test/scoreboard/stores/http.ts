import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startGate, type Gate } from '../gate.ts'
import type { Store } from './store.ts'

export interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers one request; what waits for a change awaits `changed`. */
export type Handle = (request: IncomingMessage, url: URL, body: string) => Promise<Answer>

/** A server of one of the peers' protocols, behind a gate. */
export const startHttp = async (handle: Handle): Promise<{ gate: Gate; stop: () => Promise<void> }> => {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const url = new URL(request.url ?? '/', 'http://127.0.0.1')
      const { status, body = '', headers = {} } = await handle(request, url, Buffer.concat(chunks).toString())
      response.writeHead(status, headers).end(body)
    }
    answer().catch(() => request.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const gate = await startGate((server.address() as AddressInfo).port)
  return {
    gate,
    stop: async () => {
      await gate.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Lets long polls wait for a change, at most as long as `limitMs`. */
export const makeBell = () => {
  let waiting: (() => void)[] = []
  return {
    ring: (): void => {
      for (const wake of waiting.splice(0)) wake()
    },
    wait: (limitMs: number): Promise<void> =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          waiting = waiting.filter((other) => other !== wake)
          resolve()
        }
        const timer = setTimeout(wake, limitMs)
        waiting.push(wake)
      }),
  }
}

/** The faults that every server behind a gate has in the same way. */
export const gateFaults = (gate: Gate): Pick<Store, 'down' | 'up' | 'forget' | 'reset' | 'attempts'> => ({
  down: gate.refuse,
  up: gate.heal,
  forget: async () => undefined,
  reset: gate.reset,
  attempts: gate.attempts,
})
