import { channel } from 'node:diagnostics_channel'
import { metrics as metricsApi, ROOT_CONTEXT, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { otel } from 'changeover/otel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { metricTable } from '../../src/observe/metric-table.ts'
import { configOf, createHarness, startHarness } from '../guarantees/harness.ts'
import { secret, secretsIn, show } from '../support/secrets.ts'

const createTracing = () => {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  onTestFinished(() => tracerProvider.shutdown())
  return { tracerProvider, spans: () => exporter.getFinishedSpans() }
}

const createMetering = () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => meterProvider.shutdown())
  const collect = async () => {
    exporter.reset()
    await reader.forceFlush()
    return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  }
  return { meterProvider, collect }
}

describe('The spans', () => {
  it('are one for each transaction with one for each phase of each module below it', async () => {
    const { tracerProvider, spans } = createTracing()
    const harness = createHarness({ config: configOf({ a: 1, b: 1 }) })
    otel(harness.reloader, { tracerProvider, attributes: { 'service.part': 'shop' } })
    await harness.reloader.start()
    await harness.put(configOf({ a: 2, b: 1 }))
    await harness.until(() => spans().some(({ name }) => name === 'config close a'), 'closed')
    const { id } = harness.reloader.status()
    const roots = spans().filter(({ name }) => name === 'config reload')
    expect(roots.map(({ attributes }) => attributes)).toEqual(
      ['start', 'change'].map((trigger, at) => ({
        'service.part': 'shop',
        'changeover.transaction': `${id}-${at + 1}`,
        'changeover.epoch': at + 1,
        'changeover.trigger': trigger,
        'changeover.outcome': 'committed',
        'changeover.revision': `${at + 1}`,
      })),
    )
    expect(roots.every(({ parentSpanContext }) => parentSpanContext === undefined)).toBe(true)
    const [, second] = roots
    const children = spans().filter(({ parentSpanContext: p }) => p?.spanId === second?.spanContext().spanId)
    expect(children.map(({ name, attributes }) => `${name} ${attributes['changeover.result']}`)).toEqual([
      'config prepare a done',
      'config commit a done',
      'config close a done',
    ])
    expect(children[0]?.attributes).toMatchObject({
      'changeover.module': 'a',
      'changeover.phase': 'prepare',
      'service.part': 'shop',
    })
  })

  it('have the times of the transaction, and a failure as the code and the status', async () => {
    const { tracerProvider, spans } = createTracing()
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    otel(harness.reloader, { tracerProvider })
    harness.modules.a.script('prepare', 'heed')
    harness.source.put(configOf({ a: 2 }))
    const record = await harness.next(60_000)
    const [phase, root] = spans()
    expect(root?.attributes).toMatchObject({
      'changeover.outcome': 'rolled-back',
      'changeover.code': 'module.prepare-timeout',
    })
    expect(root?.status.code).toBe(SpanStatusCode.ERROR)
    expect(phase?.status.code).toBe(SpanStatusCode.ERROR)
    const ms = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1_000 + nanoseconds / 1e6
    expect(ms(root?.startTime ?? [0, 0])).toBeCloseTo(record.startedAt, 3)
    expect(root?.startTime[0]).toBe(Math.floor(record.startedAt / 1_000))
    expect(root?.startTime[1]).toBeLessThan(1e9)
    expect(ms(root?.duration ?? [0, 0])).toBeCloseTo(record.durationMs, 3)
    expect(ms(phase?.duration ?? [0, 0])).toBeCloseTo(record.modules[0]?.phases[0]?.durationMs ?? -1, 3)
  })

  it('link to the transaction that they supersede', async () => {
    const { tracerProvider, spans } = createTracing()
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    otel(harness.reloader, { tracerProvider })
    harness.modules.a.script('prepare', 'heed')
    harness.source.put(configOf({ a: 2 }))
    await harness.advance(10)
    await harness.put(configOf({ a: 3 }))
    await harness.next()
    await harness.put(configOf({ a: 4 }))
    const roots = spans().filter(({ name }) => name === 'config reload')
    expect(roots.map(({ attributes }) => attributes['changeover.outcome'])).toEqual([
      'superseded',
      'committed',
      'committed',
    ])
    const links = roots.map((root) => root.links.map(({ context }: { context: SpanContext }) => context.spanId))
    expect(links).toEqual([[], [roots[0]?.spanContext().spanId], []])
  })

  it('hold no config value', async () => {
    const { tracerProvider, spans } = createTracing()
    const harness = createHarness({ config: configOf({ a: 1 }, secret('note')) })
    otel(harness.reloader, { tracerProvider })
    await harness.reloader.start()
    await harness.put({ a: { value: secret('type') } } as never)
    await harness.put(`{ "${secret('key')}": `)
    harness.modules.a.script('prepare', () => Promise.reject(new Error(secret('cause'))))
    await harness.put(configOf({ a: 3 }, secret('next')))
    const shown = spans().map(({ name, attributes, status, events, links }) =>
      show({ name, attributes, status, events, links }),
    )
    expect(shown.length).toBeGreaterThan(4)
    expect(secretsIn(shown.join('\n'))).toEqual([])
  })

  it('are of their own trace, whatever span is active where reload is called', async () => {
    const { tracerProvider, spans } = createTracing()
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    otel(harness.reloader, { tracerProvider })
    const request = tracerProvider.getTracer('request').startSpan('request', {}, ROOT_CONTEXT)
    await harness.reloader.reload()
    request.end()
    const root = spans().find(({ name }) => name === 'config reload')
    expect(root?.spanContext().traceId).not.toBe(request.spanContext().traceId)
  })

  it('are not made of a transaction that is not sampled, and not of another reloader', async () => {
    const exporter = new InMemorySpanExporter()
    const options = { sampler: new AlwaysOffSampler(), spanProcessors: [new SimpleSpanProcessor(exporter)] }
    const unsampled = new BasicTracerProvider(options)
    const { tracerProvider, spans } = createTracing()
    const [one, two] = [
      await startHarness({ config: configOf({ a: 1 }) }),
      await startHarness({ config: configOf({ a: 1 }) }),
    ]
    otel(one.reloader, { tracerProvider: unsampled })
    otel(two.reloader, { tracerProvider })
    await one.put(configOf({ a: 2 }))
    expect(exporter.getFinishedSpans()).toEqual([])
    expect(spans()).toEqual([])
  })

  it('of an SDK that throws change nothing, and are reported once', async () => {
    const broken = {
      getTracer: () => ({
        startSpan: () => {
          throw new Error('the SDK is broken')
        },
      }),
    }
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    otel(harness.reloader, { tracerProvider: broken as never })
    expect((await harness.put(configOf({ a: 2 }))).outcome).toBe('committed')
    expect((await harness.put(configOf({ a: 3 }))).outcome).toBe('committed')
    expect(harness.reloader.status().counters.reported).toBe(1)
  })
})

describe('The metrics of OpenTelemetry', () => {
  it('are those of Prometheus, with the same labels', async () => {
    const { meterProvider, collect } = createMetering()
    const harness = await startHarness({ config: configOf({ a: 1 }), options: { build: '1' } })
    otel(harness.reloader, { meterProvider, attributes: { shop: 'x' } })
    await harness.put(configOf({ a: 2 }))
    const collected = await collect()
    const rows: Readonly<Record<string, { readonly labels: readonly string[] }>> = metricTable
    expect(new Set(collected.map(({ descriptor }) => descriptor.name))).toEqual(new Set(Object.keys(rows)))
    for (const { descriptor, dataPoints } of collected) {
      for (const { attributes } of dataPoints) {
        expect(Object.keys(attributes).sort()).toEqual([...(rows[descriptor.name]?.labels ?? []), 'shop'].sort())
      }
    }
    const points = collected.find(({ descriptor }) => descriptor.name === 'config_reloads_total')?.dataPoints ?? []
    expect(points.find(({ attributes }) => attributes.outcome === 'committed')?.value).toBe(2)
    const seconds = collected
      .filter(({ descriptor }) => descriptor.unit === 's')
      .map(({ descriptor }) => descriptor.name)
    expect(seconds.every((name) => name.endsWith('_seconds'))).toBe(true)
    expect(seconds).toHaveLength(4)
  })

  it('are those that exist already while nothing serves', async () => {
    const { meterProvider, collect } = createMetering()
    const harness = createHarness({ config: configOf({ a: 1 }) })
    otel(harness.reloader, { meterProvider })
    const points = (await collect()).flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ value }) => `${descriptor.name} ${String(value)}`),
    )
    expect(points).toEqual(expect.arrayContaining(['config_quarantined 0', 'config_frozen 0']))
    expect(points.join('\n')).not.toMatch(/config_in_sync|config_serving_info/)
  })

  it('end with the function that otel returned, and with the close', async () => {
    const { tracerProvider, spans } = createTracing()
    const callbacks = new Set<unknown>()
    const meter = {
      createObservableGauge: () => ({}),
      createObservableCounter: () => ({}),
      addBatchObservableCallback: (callback: unknown) => callbacks.add(callback),
      removeBatchObservableCallback: (callback: unknown) => callbacks.delete(callback),
    }
    const meterProvider = { getMeter: () => meter } as never
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    const stop = otel(harness.reloader, { meterProvider, tracerProvider })
    expect(callbacks.size).toBe(1)
    stop()
    stop()
    await harness.put(configOf({ a: 2 }))
    expect(callbacks.size).toBe(0)
    expect(spans()).toEqual([])
    otel(harness.reloader, { meterProvider, tracerProvider })
    expect(callbacks.size).toBe(1)
    await harness.end()
    expect(callbacks.size).toBe(0)
    for (const name of ['transaction', 'phase', 'source', 'state']) {
      expect(channel(`changeover:${name}`).hasSubscribers).toBe(false)
    }
  })
})

describe('Without a provider', () => {
  it('transactions run as ever, and a provider that is registered later gets the spans', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    otel(harness.reloader)
    expect((await harness.put(configOf({ a: 2 }))).outcome).toBe('committed')
    const { tracerProvider, spans } = createTracing()
    trace.setGlobalTracerProvider(tracerProvider)
    onTestFinished(() => {
      trace.disable()
      metricsApi.disable()
    })
    await harness.put(configOf({ a: 3 }))
    expect(spans().filter(({ name }) => name === 'config reload')).toHaveLength(1)
  })

  it.each([
    ['an unknown option', { tracer: {} }],
    ['null as the attributes', { attributes: null }],
    ['text as the attributes', { attributes: 'service=shop' }],
    ['a tracer instead of its provider', { tracerProvider: { startSpan: () => {} } }],
    ['a registry of prom-client as the meter provider', { meterProvider: { registerMetric: () => {} } }],
  ])('%s is refused', async (_, options) => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    expect(() => otel(harness.reloader, options as never)).toThrow(/reloader\.invalid-option/)
    expect(() => otel({})).toThrow(/reloader\.invalid-option/)
  })
})
