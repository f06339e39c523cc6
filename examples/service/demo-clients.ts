import { setTimeout as sleep } from 'node:timers/promises'

export interface Clients {
  /** Resolves when so many more queries were answered, well or not. */
  readonly answered: (count: number) => Promise<void>
  /** Ends the clients and counts. */
  readonly stop: () => Promise<{ readonly answered: number; readonly failed: number }>
}

/** Of each kind: together more than the pool has connections, so that some always wait for one while it is replaced. */
const CLIENTS = 5

/** Clients that ask again as soon as they have their answer. A rejection is a failed query. */
export const startClients = (kinds: readonly (() => Promise<unknown>)[]): Clients => {
  let answered = 0
  let failed = 0
  let isOver = false
  const client = async (ask: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      const isAnswered = await ask().then(
        () => true,
        () => false,
      )
      if (isAnswered) answered++
      else failed++
    }
  }
  const clients = kinds.flatMap((ask) => Array.from({ length: CLIENTS }, () => client(ask)))
  return {
    answered: async (count) => {
      const until = answered + failed + count
      while (!isOver && answered + failed < until) await sleep(10)
    },
    stop: async () => {
      isOver = true
      await Promise.all(clients)
      return { answered, failed }
    },
  }
}
