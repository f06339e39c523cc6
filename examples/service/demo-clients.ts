import { setTimeout as sleep } from 'node:timers/promises'

export interface Clients {
  /** Resolves after this many more answers. Rejects if that takes too long. */
  readonly answered: (count: number) => Promise<void>
  /** Stops the clients and returns the counts. */
  readonly stop: () => Promise<{ readonly asked: number; readonly failed: number }>
}

/** Per kind. Together they are more than the pool has connections, so some always wait while it is replaced. */
const CLIENTS = 12

/** Much longer than the answers take. */
const ANSWERS_MS = 60_000

/** Starts clients that send a query as soon as the previous one is answered. A rejection is a failed query. */
export const startClients = (kinds: readonly (() => Promise<unknown>)[]): Clients => {
  const counts = { asked: 0, answered: 0 }
  let isOver = false
  const client = async (ask: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      counts.asked++
      try {
        await ask()
        counts.answered++
      } catch {
        await sleep(10) // counted as asked, not as answered
      }
    }
  }
  const clients = kinds.flatMap((ask) => Array.from({ length: CLIENTS }, () => client(ask)))
  return {
    answered: async (count) => {
      const until = counts.answered + count
      const deadline = performance.now() + ANSWERS_MS
      while (counts.answered < until) {
        if (performance.now() > deadline) throw new Error('The queries are not answered.')
        await sleep(10)
      }
    },
    stop: async () => {
      isOver = true
      await Promise.race([Promise.all(clients), sleep(ANSWERS_MS, undefined, { ref: false })])
      return { asked: counts.asked, failed: counts.asked - counts.answered }
    },
  }
}
