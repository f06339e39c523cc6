import { createReloader, type Applier, type Schema, type Source } from 'changeover'
import { z } from 'zod'
import type { Config, PartName, Peer, World } from '../model.ts'

const schema: Schema<Config> = z.strictObject({
  left: z.string(),
  right: z.string(),
  trap: z.enum(['none', 'throw', 'hang']),
})

/** A part as a module: its work is its prepare, which may fail or hang. All options of the reloader are the defaults. */
const part = ({ tell }: World, name: PartName): Applier<Config, string> => ({
  prepare: async (config) => {
    await tell(name, config)
    return { instance: config.left }
  },
})

const build = (world: World, source: Source) => {
  const { onError } = world
  const quiet = (): void => undefined
  const fail = (_: object, message: string): void => onError(message)
  return createReloader({ source, schema, logger: { debug: quiet, info: quiet, warn: fail, error: fail } })
    .use('first', (config) => config, part(world, 'first'))
    .use('second', (config) => config, part(world, 'second'), { after: ['first'] })
}

export const changeover = (makeSource: (world: World) => Source): Peer => {
  let reloader: ReturnType<typeof build> | undefined
  return {
    start: async (world) => {
      reloader = build(world, makeSource(world))
      reloader.subscribe(
        (config) => config,
        (config) => world.onServing?.(config),
      )
      await reloader.start()
    },
    read: () => reloader?.config,
    parts: () => ({ first: reloader?.modules.first.current, second: reloader?.modules.second.current }),
  }
}
