import { request } from 'node:http'
import { createReloader } from 'changeover'
import { inspector } from 'changeover/inspect'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'
import type { Figure, Measure } from '../figure.ts'
import { addedOf, pairs } from '../pairs.ts'
import { processorMs } from '../processor.ts'

const MODULES = 10
const Config = z.object({ modules: z.array(z.object({ version: z.number() })) })
type Config = z.infer<typeof Config>
type Slice = Config['modules'][number]

/** A reloader of ten modules in a row, and a function that changes all of them and says how long that took. */
const makeScene = async (look: 'nobody' | 'inspector' | 'viewer') => {
  const documentOf = (version: number): string =>
    JSON.stringify({ modules: Array.from({ length: MODULES }, () => ({ version })) } satisfies Config)
  const source = memorySource(documentOf(0))
  const reloader = createReloader({ source, schema: Config })
  const use = reloader.use as (name: string, select: (config: Config) => Slice, of: unknown, links: object) => unknown
  for (let index = 0; index < MODULES; index += 1) {
    const applier = { prepare: async (slice: Slice) => ({ instance: slice }) }
    const after = index === 0 ? [] : [`m${index - 1}`]
    use(`m${index}`, (config) => config.modules[index] as Slice, applier, { after })
  }
  await reloader.start()
  const inspected = look === 'nobody' ? undefined : await inspector({ reloader })
  if (look === 'viewer' && inspected !== undefined) await follow(inspected.url)
  let version = 0
  /** From the put to the closing of what was replaced, in milliseconds of the processor, the stream's included. */
  const change = async (): Promise<number> => {
    const started = processorMs()
    source.put(documentOf(++version))
    const record = await reloader.reload()
    await new Promise((resolve) => setTimeout(resolve, look === 'viewer' ? 150 : 5))
    if (record.outcome !== 'committed') throw new Error(`It was ${record.outcome}`)
    return processorMs() - started
  }
  const close = async (): Promise<void> => {
    await reloader.close()
    await inspected?.close()
  }
  return { change, close }
}

/** Opens the link and reads the stream to its end, as a page does. */
const follow = async (link: string): Promise<void> => {
  const entered = await fetch(link, { redirect: 'manual' })
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? ''
  await new Promise<void>((resolve) => {
    request(new URL('events', link), { headers: { cookie } }, (response) => {
      response.resume()
      response.on('error', () => {})
      resolve()
    }).end()
  })
}

export const figure: Figure = {
  title: 'a change of ten modules in a service with an inspector',
  floor: 'the same without one',
  run: async (scale) => {
    const [rounds, warmup] = scale === 'full' ? [201, 40] : [2, 1]
    const measures: Measure[] = []
    for (const [name, look] of [
      ['no viewer', 'inspector'],
      ['one viewer', 'viewer'],
    ] as const) {
      const [ours, floor] = [await makeScene(look), await makeScene('nobody')]
      const paired = await pairs(ours.change, floor.change, {
        rounds: look === 'viewer' ? Math.ceil(rounds / 4) : rounds,
        warmup,
      })
      await ours.close()
      await floor.close()
      const goal = look === 'viewer' ? {} : { goal: '≤ 0.3 ms more', isMet: paired.added <= 0.3 }
      measures.push({
        name,
        unit: 'ms',
        value: paired.ours,
        floor: paired.floor,
        ratio: paired.ratio,
        ...goal,
        note: addedOf(paired),
      })
    }
    return measures
  },
}
