import { channel } from 'node:diagnostics_channel'
import { createReloader, type PhaseMessage } from 'changeover'
import { health } from 'changeover/health'
import { otel } from 'changeover/otel'
import { metrics } from 'changeover/prometheus'
import { memorySource } from 'changeover/testing'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { atMost, type Figure, type Measure } from '../figure.ts'
import { addedOf, pairs } from '../pairs.ts'
import { processorMs } from '../processor.ts'

const MODULES = 10
const PHASES_A_SAMPLE = 50_000

const Config = z.object({ modules: z.array(z.object({ version: z.number() })) })
type Config = z.infer<typeof Config>
type Slice = Config['modules'][number]

/** Starts to observe a reloader; returns what ends it. */
type Observe = (reloader: object) => () => void

/** A reloader of ten modules in a row, and a sampler of changes of all of them that are observed, or not. */
const makeScene = async () => {
  const documentOf = (version: number): string =>
    JSON.stringify({ modules: Array.from({ length: MODULES }, () => ({ version })) } satisfies Config)
  const source = memorySource(documentOf(0))
  const reloader = createReloader({ source, schema: Config })
  const use = reloader.use as (name: string, select: (config: Config) => Slice, of: unknown, links: object) => unknown
  for (let index = 0; index < MODULES; index += 1) {
    const applier = { prepare: async (slice: Slice) => ({ instance: slice, close: async () => {} }) }
    const after = index === 0 ? [] : [`m${index - 1}`]
    use(`m${index}`, (config) => config.modules[index] as Slice, applier, { after })
  }
  await reloader.start()
  let version = 0
  /** From the put to the closing of what was replaced, in milliseconds of the processor. */
  const sampler = (observe: Observe, isObserved: boolean) => async (): Promise<number> => {
    // In turn on one reloader, since a channel is heard by the whole process: beside it the floor would be heard too.
    // Both sides register, so what that leaves to the garbage collector is the same.
    const end = observe(reloader)
    if (!isObserved) end()
    const text = documentOf(++version)
    await rest()
    const started = processorMs()
    source.put(text)
    const record = await reloader.reload()
    await rest()
    const took = processorMs() - started
    if (record.outcome !== 'committed') throw new Error(`It was ${record.outcome}`)
    if (isObserved) end()
    return took
  }
  return { reloader, sampler }
}

/** So long that the replaced generations are closed. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

const withPrometheus: Observe = (reloader) => metrics(reloader, { register: new Registry() })

/** Prometheus, OpenTelemetry without a provider, and the probes. */
const everything: Observe = (reloader) => {
  const ends = [withPrometheus(reloader), otel(reloader)]
  if (!health(reloader).ready()) throw new Error('It is not ready')
  return () => {
    for (const end of ends) end()
  }
}

/** With the SDK, whose spans cost what they cost; and how many spans it has seen. */
const withSdk = () => {
  let spans = 0
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const observe: Observe = (reloader) => {
    const end = otel(reloader, { tracerProvider })
    return () => {
      end()
      spans += exporter.getFinishedSpans().length
      exporter.reset()
    }
  }
  return { observe, spans: () => spans }
}

/** One phase, reported to OpenTelemetry without a provider: two messages, in microseconds. */
const phaseSampler = (reloader: { readonly status: () => { readonly id: string } }) => () => {
  const phases = channel('changeover:phase')
  const { id } = reloader.status()
  const base = { reloader: id, transaction: `${id}-1`, module: 'm0', phase: 'prepare', startMs: 0 } as const
  const end = otel(reloader)
  const started = processorMs()
  for (let count = 0; count < PHASES_A_SAMPLE; count += 1) {
    phases.publish({ kind: 'began', ...base } satisfies PhaseMessage)
    phases.publish({ kind: 'ended', ...base, ended: { atMs: count, result: 'done' } } satisfies PhaseMessage)
  }
  const took = processorMs() - started
  end()
  return (took * 1_000) / PHASES_A_SAMPLE
}

export const figure: Figure = {
  title: 'a change of ten modules in a service that is observed',
  floor: 'the same without an observer',
  run: async (scale) => {
    const [rounds, warmup] = scale === 'full' ? [401, 60] : [2, 1]
    const { reloader, sampler } = await makeScene()
    const measures: Measure[] = []
    const sdk = withSdk()
    for (const [name, observe, limit] of [
      ['prometheus, otel, health', everything, 1.05],
      ['prometheus', withPrometheus, undefined],
      ['otel with the SDK', sdk.observe, undefined],
    ] as const) {
      const paired = await pairs(sampler(observe, true), sampler(observe, false), { rounds, warmup })
      const { ours: value, floor } = paired
      // Samples of one change have a wide spread, and many: their medians vary less than their ratios do.
      const ratio = value / floor
      const judged = limit === undefined ? { ratio } : atMost(ratio, limit)
      measures.push({ name, unit: 'ms', value, floor, ...judged, note: addedOf(paired) })
    }
    if (sdk.spans() < 3 * MODULES * rounds) throw new Error('There are no spans')
    const sample = phaseSampler(reloader)
    const phase = await pairs(sample, () => 0, { rounds: Math.min(rounds, 21), warmup: Math.min(warmup, 3) })
    measures.push({
      name: 'otel without a provider, a phase',
      unit: 'µs',
      value: phase.ours,
      goal: '≤ 1 µs',
      isMet: phase.ours <= 1,
    })
    await reloader.close()
    return measures
  },
}
