// Asks a service by a fixed schedule, whatever it answers: one order at a time.
import { Agent, get } from 'node:http'

export interface LoadOrder {
  readonly port: number
  readonly perSecond: number
  readonly forMs: number
}

export interface LoadResult {
  /** In milliseconds, from the moment at which the request was due. */
  readonly latencies: readonly number[]
  readonly failed: number
}

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

const load = ({ port, perSecond, forMs }: LoadOrder): Promise<LoadResult> =>
  new Promise((resolve) => {
    const total = Math.floor((perSecond * forMs) / 1_000)
    const latencies: number[] = []
    let failed = 0
    let sent = 0
    const started = performance.now()
    const dueOf = (number: number): number => started + (number * 1_000) / perSecond

    const done = (): void => {
      if (latencies.length + failed === total) resolve({ latencies, failed })
    }
    const ask = (due: number): void => {
      const onError = (): void => {
        failed += 1
        done()
      }
      get({ port, host: '127.0.0.1', agent }, (response) => {
        response.resume().on('end', () => {
          // From when it was due, not from when it was sent: a server that stalls must not make its load wait unseen.
          latencies.push(performance.now() - due)
          done()
        })
      }).on('error', onError)
    }
    const tick = (): void => {
      while (sent < total && dueOf(sent) <= performance.now()) ask(dueOf(sent++))
      if (sent < total) setTimeout(tick, 1)
    }
    tick()
  })

process.on('message', async (order: LoadOrder) => process.send?.(await load(order)))
process.on('disconnect', () => agent.destroy())
