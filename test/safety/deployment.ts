import type { Source } from 'changeover'
import { memorySource, type MemoryContent } from 'changeover/testing'
import { onTestFinished } from 'vitest'
import { secret } from '../support/secrets.ts'
import { createFaultyStore } from './faulty-store.ts'
import { type BootOptions, type Process, startProcess } from './process.ts'

/** Makes a document in which both modules get `value`; its secret must not be visible anywhere. */
export const documentOf = (value: number, more: object = {}) => ({ value, secret: secret(value), ...more })

/** The day on which the first process of a deployment starts. */
const FIRST_DAY = Date.UTC(2030, 0, 1)

export interface DeploymentOptions {
  /** What the source holds at the start; `null` for nothing. Default `documentOf(1)`. */
  readonly document?: MemoryContent
  /** The options of all processes of this deployment, unless a process overrides them. */
  readonly boot?: BootOptions
}

/**
 * Creates a source and a store that outlive a series of processes, each with its own reloader and virtual clock. A
 * killed process stops in the middle of what it was doing, while the wall clock continues.
 */
export const createDeployment = ({ document = documentOf(1), boot: always = {} }: DeploymentOptions = {}) => {
  const source = memorySource(document ?? undefined)
  const store = createFaultyStore()
  const processes: Process[] = []
  let wall = FIRST_DAY
  let pendingMs = 0

  /** The source as one process sees it: it survives a close, and reports nothing to a dead process. */
  const sourceFor = (isDead: () => boolean): Source => ({
    name: source.name,
    endpoint: source.endpoint,
    read: async (signal) => {
      const reading = await source.read(signal)
      return isDead() ? new Promise<never>(() => {}) : reading
    },
    watch: async function* (after, signal) {
      for await (const event of source.watch(after, signal)) {
        if (isDead()) await new Promise<never>(() => {})
        yield event
      }
    },
  })

  /** Starts a process without starting its reloader. */
  const boot = (options: BootOptions = {}): Process => {
    const last = processes.at(-1)
    if (last !== undefined && !last.isOver) throw new Error('the process before is still running')
    if (last !== undefined) wall = last.clock.now() + 1_000
    wall += pendingMs
    pendingMs = 0
    const next = startProcess({ ...always, ...options }, { source: sourceFor, store, startAt: wall })
    processes.push(next)
    return next
  }

  onTestFinished(async () => {
    source.heal()
    store.load('well')
    store.save('well')
    store.release()
    for (const process of processes) if (!process.isOver) await process.close()
  })

  return {
    source,
    store,
    processes,
    boot,
    /** Sets the wall clock forward between two processes, or back if negative. */
    setWall: (ms: number): void => {
      pendingMs += ms
    },
    /** Starts a process, resolves its `start()`, and lets `ms` pass. */
    up: async (options: BootOptions = {}, ms = 0): Promise<Process> => {
      const process = boot(options)
      await process.start()
      await process.clock.advance(ms)
      return process
    },
    /** Makes the source unreachable until it is healed. */
    cutSource: (): void => {
      source.failReads('source.unreachable')
      source.failWatches('source.unreachable')
      source.breakWatch('source.unreachable')
    },
  }
}

export type Deployment = ReturnType<typeof createDeployment>

/** Makes the documents of these values good one after the other, and keeps the last process running. */
export const soakedDeployment = async (values: readonly number[], options: BootOptions = {}) => {
  const [first = 1, ...others] = values
  const deployment = createDeployment({ document: documentOf(first), boot: options })
  const process = await deployment.up({}, SOAK_MS)
  for (const value of others) {
    deployment.source.put(documentOf(value))
    await process.clock.advance(SOAK_MS + 50)
  }
  return { deployment, process }
}

/** The default soak with a store. */
export const SOAK_MS = 10_000

/** The time within which a confirmation must arrive. */
export const WITHIN_MS = 60_000
export const confirming = { confirm: { withinMs: WITHIN_MS } }

/** Makes document 1 good and commits 2, of whose soak `ms` have passed. */
export const unconfirmedDeployment = async (ms = SOAK_MS, more: BootOptions = {}) => {
  const { deployment, process } = await soakedDeployment([1], { ...confirming, ...more })
  const before = [process.reloader.modules.a.current, process.reloader.modules.b.current]
  deployment.source.put(documentOf(2))
  await process.advance(ms)
  const { confirmation } = process.reloader.status()
  return { deployment, process, before, id: confirmation?.transaction ?? '' }
}

/** Resolves with the outcome of the call's record, or with the code of its error. */
export const resultOf = (call: Promise<{ readonly outcome: string }>): Promise<string> =>
  call.then(
    ({ outcome }) => outcome,
    ({ code }: { code: string }) => code,
  )
