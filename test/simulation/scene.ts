import { type Clock, createReloader, type GoodStore, type ReloaderOptions, type Source } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { z } from 'zod'
import { ModuleWorld } from './modules.ts'
import { createRandom, type Random } from './random.ts'

const Slice = z.strictObject({ version: z.number() })
const Config = z.strictObject({ a: Slice, b: Slice, c: Slice.optional(), d: Slice })
type Config = z.infer<typeof Config>

/** As often as it may, a document comes again that has been there before. */
const REMEMBERED = 6

const createService = (options: Omit<ReloaderOptions<Config>, 'schema'>, world: ModuleWorld) =>
  createReloader<Config>({ ...options, schema: Config })
    .use('a', (config) => config.a, world.generations('a'))
    .use('b', (config) => config.b, world.generations('b'), { after: ['a'] })
    .use('c', (config) => config.c, world.generations('c'), { after: ['b'] })
    .use('d', (config) => config.d, world.compensating(), { after: ['a'] })

export type Service = ReturnType<typeof createService>

/** A disk that is slow, and fails as often as the modules do. */
const createDisk = (random: Random, clock: Clock, world: ModuleWorld): GoodStore => {
  const texts = new Map<string, string>()
  const work = async (): Promise<void> => {
    const slowMs = random.pick([0, 0, 3, 40])
    if (slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, slowMs))
    if (random.chance(world.faultRate)) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
  }
  return {
    load: async (name) => {
      await work()
      return texts.get(name)
    },
    save: async (name, text) => {
      await work()
      texts.set(name, text)
    },
  }
}

/** The documents of a history: a new version each time, or one that has been there before. */
const createDocuments = (random: Random) => {
  let version = 0
  let recent: readonly Config[] = []
  const keep = (document: Config): Config => {
    recent = [document, ...recent].slice(0, REMEMBERED)
    return document
  }
  return {
    next: (): Config => {
      version += 1
      const slice = { version }
      return keep({
        a: slice,
        b: random.chance(0.5) ? slice : { version: 0 },
        d: slice,
        ...(random.chance(0.8) && { c: slice }),
      })
    },
    /** One in which every module changes. */
    whole: (): Config => {
      version += 1
      const slice = { version }
      return keep({ a: slice, b: slice, c: slice, d: slice })
    },
    again: (): Config =>
      recent[random.below(recent.length)] ?? keep({ a: { version: 0 }, b: { version: 0 }, d: { version: 0 } }),
    get version() {
      return version
    },
  }
}

/** All that one history is played with, from its seed: the reloader, its options, its source, its modules, its disk. */
export const createScene = (seed: number) => {
  const random = createRandom(seed)
  const clock = createVirtualClock()
  const world = new ModuleWorld(random)
  const documents = createDocuments(random)
  const source = memorySource(documents.next())
  const soaks = random.chance(0.5)
  const confirms = random.chance(0.3)
  const options = {
    clock,
    random: random.next,
    soak: soaks ? { durationMs: 5_000, intervalMs: 1_000, failureThreshold: 2 } : 0,
    quarantine: { minMs: 1_000, maxMs: 20_000 },
    ...(random.chance(0.5) && { lastKnownGood: createDisk(random, clock, world) }),
    ...(confirms && { confirm: { withinMs: 20_000 } }),
  }
  const serviceOn = (of: Source): Service => createService({ ...options, source: of }, world)
  const reloader = serviceOn(source)
  return {
    random,
    clock,
    world,
    documents,
    source,
    reloader,
    soaks,
    confirms,
    persists: 'lastKnownGood' in options,
    serviceOn,
  }
}

export type Scene = ReturnType<typeof createScene>
