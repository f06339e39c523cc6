import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'
import { atMost, type Figure, type Measure } from '../figure.ts'
import { pairs, type Sampler, spreadOf } from '../pairs.ts'
import { processorMs } from '../processor.ts'
import { median } from '../stats.ts'

interface Holder {
  readonly config: { readonly a: { readonly b: number } }
}
interface Getter {
  readonly get: (path: string) => unknown
}

// Each loop is written out, since two that share one function would share what the engine has learnt of its reads, and
// the read of either would be the slower one of an object of unknown shape.
const readReloader = (from: Holder, times: number): number => {
  let total = 0
  for (let turn = 0; turn < times; turn++) total += from.config.a.b
  return total
}
const readFrozen = (from: Holder, times: number): number => {
  let total = 0
  for (let turn = 0; turn < times; turn++) total += from.config.a.b
  return total
}
const readConfig = (from: Getter, times: number): number => {
  let total = 0
  for (let turn = 0; turn < times; turn++) total += from.get('a.b') as number
  return total
}
const readConvict = (from: Getter, times: number): number => {
  let total = 0
  for (let turn = 0; turn < times; turn++) total += from.get('a.b') as number
  return total
}

let sink = 0

/** Nanoseconds a read. */
const sampler =
  <From>(read: (from: From, times: number) => number, from: From, times: number): Sampler =>
  () => {
    const started = processorMs()
    sink += read(from, times)
    return ((processorMs() - started) * 1e6) / times
  }

const loadConvict = (): Getter => {
  const convict = createRequire(import.meta.url)('convict') as (schema: object) => Getter
  return convict({ a: { b: { default: 1 } } })
}

/** `config` reads its environment and a folder when it is loaded. */
const loadConfig = async (): Promise<Getter> => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-bench-'))
  Object.assign(process.env, {
    NODE_CONFIG_DIR: folder,
    NODE_CONFIG: '{"a":{"b":1}}',
    SUPPRESS_NO_CONFIG_WARNING: 'true',
  })
  try {
    return createRequire(import.meta.url)('config') as Getter
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const gets = async (name: string, sample: Sampler, floor: number, rounds: number): Promise<Measure> => {
  const samples: number[] = []
  for (let round = 0; round < rounds; round++) samples.push(await sample())
  const value = median(samples)
  return { name, unit: 'ns', value, floor, ratio: value / floor }
}

export const figure: Figure = {
  title: 'reading `reloader.config.a.b`',
  floor: 'the same read on a frozen plain object',
  run: async (scale) => {
    const isFull = scale === 'full'
    const [rounds, times] = isFull ? [41, 20_000_000] : [3, 100_000]
    const source = memorySource({ a: { b: 0 } })
    const reloader = createReloader({ source, schema: z.object({ a: z.object({ b: z.number() }) }) })
    await reloader.start()
    // Not a reloader that has never reloaded: what the engine may take for a constant then is none.
    for (let version = 1; version <= 3; version++) {
      source.put({ a: { b: version } })
      await reloader.reload()
    }
    const frozen: Holder = Object.freeze({ config: Object.freeze({ a: Object.freeze({ b: 1 }) }) })
    const options = { rounds, warmup: 5 }
    const paired = await pairs(sampler(readReloader, reloader, times), sampler(readFrozen, frozen, times), options)
    const few = times / 100
    const config = await gets('config.get', sampler(readConfig, await loadConfig(), few), paired.floor, rounds)
    const convict = await gets('convict.get', sampler(readConvict, loadConvict(), few), paired.floor, rounds)
    await reloader.close()
    if (sink === 0) throw new Error('Nothing was read')
    const { ours, floor, ratio } = paired
    return [
      { name: 'reloader.config', unit: 'ns', value: ours, floor, ...atMost(ratio, 1.05), note: spreadOf(paired) },
      config,
      convict,
    ]
  },
}
