import { setTimeout as sleep } from 'node:timers/promises'

export interface Clients {
  /** Resolves when so many more queries were answered, well or not. */
  readonly answered: (count: number) => Promise<void>
  /** Ends the clients and counts. */
  readonly stop: () => Promise<{ readonly answered: number; readonly failed: number }>
}

/** More than the pool has connections, so that some queries wait for one while it is replaced. */
const CLIENTS = 8

/** Clients that ask again as soon as they have their answer. */
export const startClients = (url: string): Clients => {
  let answered = 0
  let failed = 0
  let isOver = false
  const ask = async (): Promise<boolean> => {
    const response = await fetch(url)
    await response.text()
    return response.ok
  }
  const client = async (): Promise<void> => {
    while (!isOver) {
      if (await ask().catch(() => false)) answered++
      else failed++
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
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
