import type { Source } from 'changeover'
import { memorySource, type MemoryContent } from 'changeover/testing'
import { onTestFinished } from 'vitest'
import { createKept } from './kept.ts'
import { type BootOptions, type Process, startProcess } from './process.ts'

/** A document in which both modules get `value`; the secret must be seen nowhere. */
export const documentOf = (value: number, more: object = {}) => ({ value, secret: `s3cret-${value}`, ...more })

/** A day on which the first process of a world is started. */
const FIRST_DAY = Date.UTC(2030, 0, 1)

export interface WorldOptions {
  /** What the source holds at the start. Default `documentOf(1)`; `null` for none. */
  readonly document?: MemoryContent
  /** What all processes of this world are started with, unless they say otherwise. */
  readonly boot?: BootOptions
}

/**
 * One source and one store, and the processes that come and go beside them: one at a time, each with its own reloader,
 * modules and virtual clock. A killed process is frozen in the middle of what it was doing; the wall clock goes on.
 */
export const createWorld = ({ document = documentOf(1), boot: always = {} }: WorldOptions = {}) => {
  const source = memorySource(document ?? undefined)
  const kept = createKept()
  const processes: Process[] = []
  let wall = FIRST_DAY

  /** The source as one process sees it: it closes nothing, and tells the dead no more. */
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

  /** Starts a process that nothing has been asked of yet. */
  const boot = (options: BootOptions = {}): Process => {
    const last = processes.at(-1)
    if (last !== undefined && !last.isOver) throw new Error('one process at a time')
    if (last !== undefined) wall = last.clock.now() + 1_000
    const next = startProcess({ ...always, ...options }, { source: sourceFor, kept, startAt: wall })
    processes.push(next)
    return next
  }

  onTestFinished(async () => {
    source.heal()
    kept.load('well')
    kept.save('well')
    kept.release()
    for (const process of processes) if (!process.isOver) await process.close()
  })

  return {
    source,
    kept,
    processes,
    boot,
    /** A process whose `start()` has resolved, and to which `ms` have passed since. */
    up: async (options: BootOptions = {}, ms = 0): Promise<Process> => {
      const process = boot(options)
      await process.start()
      await process.clock.advance(ms)
      return process
    },
    /** The source cannot be reached until it is healed. */
    cutSource: (): void => {
      source.failReads('source.unreachable')
      source.failWatches('source.unreachable')
      source.breakWatch('source.unreachable')
    },
  }
}

export type World = ReturnType<typeof createWorld>

/** A world in which the documents of these values have become good one after the other, and its last process still runs. */
export const provedWorld = async (values: readonly number[], options: BootOptions = {}) => {
  const [first = 1, ...others] = values
  const world = createWorld({ document: documentOf(first), boot: options })
  const process = await world.up({}, SOAK_MS)
  for (const value of others) {
    world.source.put(documentOf(value))
    await process.clock.advance(SOAK_MS + 50)
  }
  return { world, process }
}

/** The soak that a store brings with it. */
export const SOAK_MS = 10_000
