import type PQueue from 'p-queue'

let loaded: typeof PQueue | undefined

/**
 * Loads p-queue for the first transaction: an import of this package does not wait for it (bench: import). Returns nothing
 * if it is loaded.
 */
export const loadQueue = (): Promise<void> | undefined => {
  if (loaded !== undefined) return undefined
  return import('p-queue').then((module) => {
    loaded = module.default
  })
}

/** Takes p-queue from who has loaded it: on a virtual clock nothing may wait for real time. */
export const useQueue = (queue: typeof PQueue): void => {
  loaded = queue
}

/** Makes a queue; `loadQueue` or `useQueue` comes first. */
export const newQueue = (concurrency: number): PQueue => {
  if (loaded === undefined) throw new Error('p-queue is not loaded')
  return new loaded({ concurrency })
}
