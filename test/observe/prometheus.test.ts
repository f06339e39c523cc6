import { type Applier, createReloader } from 'changeover'
import { metrics } from 'changeover/prometheus'
import { createVirtualClock, memorySource } from 'changeover/testing'
import * as promClient from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { metricTable } from '../../src/observe/metric-table.ts'
import { type Config, configOf, createHarness, startHarness } from '../guarantees/harness.ts'
import { CARD, secret, secretsIn } from '../support/secrets.ts'
import { scrape, valueIn } from './scrape.ts'

const codeOf = (call: () => unknown): unknown => {
  try {
    call()
    return 'nothing was thrown'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('The metrics', () => {
  it('have these names, types and labels', () => {
    const rows: Readonly<Record<string, { readonly type: string; readonly labels: readonly string[] }>> = metricTable
    expect(Object.entries(rows).map(([name, { type, labels }]) => `${type} ${name}{${labels.join()}}`)).toEqual([
      'gauge config_reload_last_successful{}',
      'gauge config_reload_last_success_timestamp_seconds{}',
      'counter config_reloads_total{outcome}',
      'gauge config_reload_duration_seconds{}',
      'gauge config_module_phase_duration_seconds{module,phase,result}',
      'gauge config_serving_info{revision,build}',
      'gauge config_source_up{}',
      'gauge config_source_stale_seconds{}',
      'gauge config_in_sync{}',
      'gauge config_degraded_modules{}',
      'gauge config_quarantined{}',
      'gauge config_frozen{}',
      'gauge config_confirmation_pending{}',
      'gauge config_generations{module,state}',
      'counter config_leases_overdue_total{}',
    ])
  })

  it('are all exposed once a config serves, with the values of the reloader', async () => {
    const register = new promClient.Registry()
    const harness = createHarness({ config: configOf({ a: 1, k: 1 }), options: { build: '1.2.3' } })
    metrics(harness.reloader, { register, labels: { service: 'shop' } })
    await harness.reloader.start()
    await harness.put(configOf({ a: 2, k: 1 }))
    await harness.put('{')
    const series = await scrape(register)
    expect(new Set(series.map(({ name }) => name))).toEqual(new Set(Object.keys(metricTable)))
    for (const { labels } of series) expect(labels.service).toBe('shop')
    const of = (name: string, match: object = {}) =>
      series.filter(
        (one) => one.name === name && Object.entries(match).every(([key, text]) => one.labels[key] === text),
      )
    const value = (name: string, match: object = {}) => of(name, match).map((one) => one.value)
    expect(value('config_reload_last_successful')).toEqual([0])
    expect(value('config_reloads_total', { outcome: 'committed' })).toEqual([2])
    expect(value('config_reloads_total', { outcome: 'rejected' })).toEqual([1])
    expect(value('config_reloads_total', { outcome: 'degraded' })).toEqual([0])
    expect(of('config_serving_info')[0]?.labels).toEqual({ revision: '2', build: '1.2.3', service: 'shop' })
    expect(value('config_source_up')).toEqual([1])
    expect(value('config_source_stale_seconds')).toEqual([0])
    expect(value('config_in_sync')).toEqual([0])
    expect(value('config_generations', { module: 'a', state: 'live' })).toEqual([1])
    expect(value('config_generations', { module: 'a', state: 'leaked' })).toEqual([0])
    expect(of('config_module_phase_duration_seconds', { module: 'a', phase: 'close', result: 'done' })).toHaveLength(1)
    expect(of('config_module_phase_duration_seconds', { module: 'k', phase: 'complete' })).toHaveLength(1)
  })

  it('are absent, not zero, until what they tell exists', async () => {
    const register = new promClient.Registry()
    const { reloader, source, advance } = createHarness({ config: configOf({ a: 1 }) })
    metrics(reloader, { register })
    const names = async () => new Set((await scrape(register)).map(({ name }) => name))
    const early = ['config_reloads_total', 'config_quarantined', 'config_frozen', 'config_leases_overdue_total']
    expect(await names()).toEqual(new Set(early))
    source.failReads('source.unreachable')
    void reloader.start().catch(() => {})
    await advance(1_000)
    expect(await names()).toEqual(new Set([...early, 'config_source_up']))
    expect(await valueIn(register, 'config_source_up')).toBe(0)
    source.heal()
    await advance(10_000)
    expect(await valueIn(register, 'config_source_up')).toBe(1)
    expect(await valueIn(register, 'config_reload_last_successful')).toBe(1)
  })

  it('show a source that is down and since when, a freeze, a quarantine, degraded modules and a confirmation', async () => {
    const register = new promClient.Registry()
    const options = { confirm: { withinMs: 60_000 }, soak: 100 }
    const { reloader, source, modules, advance } = createHarness({ config: configOf({ a: 1, k: 1, l: 1 }), options })
    metrics(reloader, { register })
    void reloader.start()
    await advance(1_000)
    source.failReads('source.unreachable')
    source.breakWatch('source.unreachable')
    await advance(30_000)
    expect(await valueIn(register, 'config_source_up')).toBe(0)
    expect(await valueIn(register, 'config_source_stale_seconds')).toBeGreaterThanOrEqual(29)
    source.heal()
    await advance(10_000)
    expect(await valueIn(register, 'config_source_stale_seconds')).toBe(0)
    source.put(configOf({ a: 2, k: 1, l: 1 }))
    await advance(1_000)
    expect(await valueIn(register, 'config_confirmation_pending')).toBe(1)
    await advance(60_000)
    expect(await valueIn(register, 'config_confirmation_pending')).toBe(0)
    expect(await valueIn(register, 'config_quarantined')).toBe(1)
    await reloader.freeze('test')
    expect(await valueIn(register, 'config_frozen')).toBe(1)
    await reloader.unfreeze()
    expect(await valueIn(register, 'config_frozen')).toBe(0)
    modules.k.always('undo', 'reject')
    modules.l.always('apply', 'reject')
    source.put(configOf({ a: 3, k: 2, l: 2 }))
    await advance(100) // the repair comes after a second
    expect(await valueIn(register, 'config_degraded_modules')).toBeGreaterThan(0)
  })

  it('count overdue leases and show leaked generations', async () => {
    const register = new promClient.Registry()
    const harness = await startHarness({ config: configOf({ a: 1 }), checkCloses: false })
    metrics(harness.reloader, { register })
    let release = (): void => {}
    const held = harness.reloader.lease(() => new Promise<void>((resolve) => (release = resolve)))
    harness.modules.a.script('close', 'reject')
    await harness.put(configOf({ a: 2 }))
    await harness.advance(31_000)
    release()
    await held
    await harness.advance(1_000)
    expect(await valueIn(register, 'config_leases_overdue_total')).toBe(1)
    expect(await scrape(register)).toContainEqual({
      name: 'config_generations',
      labels: { module: 'a', state: 'leaked' },
      value: 1,
    })
  })

  it('have at most 16 + 12 × modules series, whatever has happened', async () => {
    const register = new promClient.Registry()
    const options = { soak: { durationMs: 200, intervalMs: 50 }, quarantine: { minMs: 50 } }
    const harness = createHarness({ config: configOf({ a: 1, b: 1, c: 1, d: 1, k: 1, l: 1, x: 1 }), options })
    const { reloader, modules, source, advance } = harness
    metrics(reloader, { register })
    void reloader.start()
    await advance(1_000)
    const hooks = ['prepare', 'commit', 'check', 'rollback', 'apply', 'undo', 'close'] as const
    let most = 0
    for (let round = 0; round < 40; round += 1) {
      const name = (['a', 'b', 'c', 'd', 'k', 'l', 'x'] as const)[round % 7] ?? 'a'
      const hook = hooks[round % hooks.length] ?? 'prepare'
      modules[name].script(hook, round % 2 === 0 ? 'reject' : 'throw')
      const value = round + 2
      source.put(
        round % 9 === 8 ? '{' : configOf({ a: value, b: value, c: value, d: value, k: value, l: value, x: value }),
      )
      if (round % 5 === 4) {
        source.failReads('source.unreachable')
        source.breakWatch('source.unreachable')
        await advance(100)
        source.heal()
      }
      await advance(round % 3 === 0 ? 5 : 2_000)
      most = Math.max(most, (await scrape(register)).length)
    }
    const outcomes = Object.entries(reloader.status().counters).filter(([, count]) => count > 0)
    expect(outcomes.length).toBeGreaterThan(4)
    expect(most).toBeGreaterThan(16 + 3 * 7)
    expect(most).toBeLessThanOrEqual(16 + 12 * 7)
  })

  it.each([0, 1])('stay within that bound in a reloader of %i modules', async (modules) => {
    const register = new promClient.Registry()
    const options = { build: 'b', confirm: { withinMs: 60_000 }, quarantine: { minMs: 50 } }
    const source = memorySource({ value: 1 })
    const clock = createVirtualClock()
    let broken: string | undefined
    const schema = z.object({ value: z.number() })
    const reloader = createReloader({ source, schema, clock, ...options })
    onTestFinished(async () => {
      const closed = reloader.close()
      await clock.advance(600_000)
      await closed
    })
    const fails = (phase: string): void => {
      if (broken === phase) throw new Error(phase)
    }
    if (modules === 1) {
      const applier: Applier<number, number> = {
        prepare: async (value) => {
          fails('prepare')
          const hook = (phase: string) => () => fails(phase) as undefined
          const check = async (): Promise<void> => fails('check')
          return { instance: value, commit: hook('commit'), rollback: hook('rollback'), check, close: check }
        },
      }
      reloader.use('one', ({ value }) => value, applier)
    }
    metrics(reloader, { register })
    void reloader.start()
    let most = 0
    const phases = [undefined, 'prepare', 'commit', 'check', 'rollback', 'close']
    for (let round = 0; round < 30; round += 1) {
      broken = phases[round % phases.length]
      source.put(round % 7 === 6 ? '{' : { value: round })
      if (round === 11) void reloader.freeze('x')
      if (round === 13) void reloader.unfreeze()
      if (round === 20) source.breakWatch('source.unreachable')
      await clock.advance(500)
      const { confirmation } = reloader.status()
      if (confirmation !== undefined && round % 2 === 0) await reloader.confirm(confirmation.transaction)
      await clock.advance(round % 4 === 3 ? 70_000 : 500)
      most = Math.max(most, (await scrape(register)).length)
    }
    expect(most).toBeGreaterThan(12)
    expect(most).toBeLessThanOrEqual(16 + 12 * modules)
  })

  it('have no path, key or value in a label', async () => {
    const register = new promClient.Registry()
    const config = configOf({ a: 1 }, secret('note'))
    const harness = createHarness({ config })
    metrics(harness.reloader, { register })
    await harness.reloader.start()
    const bad = { ...config, [secret('key')]: CARD, a: { value: CARD, [secret('inner')]: 1 } }
    const texts: string[] = []
    for (const document of [
      bad as unknown as Config,
      `{ "${secret('malformed')}": `,
      configOf({ a: 2 }, secret('two')),
    ]) {
      harness.modules.a.script('prepare', () => Promise.reject(new Error(secret('cause'))))
      await harness.put(document)
      texts.push(await register.metrics())
    }
    await harness.reloader.freeze(secret('reason'))
    texts.push(await register.metrics())
    expect(secretsIn(texts.join('\n'))).toEqual([])
    expect(texts.join('\n')).not.toMatch(/memory-\d|endpoint/)
  })

  it('count each reloader for itself when two share a registry', async () => {
    const register = new promClient.Registry()
    const one = await startHarness({ config: configOf({ a: 1 }) })
    const two = await startHarness({ config: configOf({ a: 1 }) })
    const removeOne = metrics(one.reloader, { register, labels: { name: 'one' } })
    metrics(two.reloader, { register, labels: { name: 'two' } })
    await one.put(configOf({ a: 2 }))
    await two.put('{')
    const values = async (name: string) =>
      (await scrape(register)).filter((s) => s.name === name).map(({ labels, value }) => [labels.name, value])
    expect(await values('config_reload_last_successful')).toEqual([
      ['one', 1],
      ['two', 0],
    ])
    const phases = (await scrape(register)).filter((s) => s.name === 'config_module_phase_duration_seconds')
    expect(phases.filter(({ labels }) => labels.name === 'two' && labels.phase === 'close')).toEqual([])
    removeOne()
    expect(await values('config_frozen')).toEqual([['two', 0]])
  })

  it('leave the registry when they are removed, and when the reloader closes', async () => {
    const register = new promClient.Registry()
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    const remove = metrics(reloader, { register })
    remove()
    remove()
    expect(await register.metrics()).toBe('\n')
    metrics(reloader, { register })
    expect(await valueIn(register, 'config_frozen')).toBe(0)
    await reloader.close()
    expect(await register.metrics()).toBe('\n')
  })

  it('know what a reloader did before they were registered', async () => {
    const register = new promClient.Registry()
    const { reloader, put } = await startHarness({ config: configOf({ a: 1 }) })
    await put(configOf({ a: 2 }))
    metrics(reloader, { register })
    const names = new Set((await scrape(register)).map(({ name }) => name))
    expect(names).toEqual(new Set(Object.keys(metricTable)))
  })

  it('work in a registry of the OpenMetrics format', async () => {
    const register = new promClient.Registry()
    register.setContentType(promClient.Registry.OPENMETRICS_CONTENT_TYPE as never)
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    metrics(reloader, { register })
    expect(await register.metrics()).toMatch(/config_reloads_total\{outcome="committed"\} 1/)
  })
})

describe('A mistake with the metrics', () => {
  it('of registering a reloader twice is metrics.registered-twice, and breaks nothing', async () => {
    const register = new promClient.Registry()
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    metrics(reloader, { register })
    expect(codeOf(() => metrics(reloader, { register }))).toBe('metrics.registered-twice')
    const other = await startHarness({ config: configOf({ a: 1 }) })
    expect(codeOf(() => metrics(other.reloader, { register }))).toBe('metrics.registered-twice')
    expect(await valueIn(register, 'config_reload_last_successful')).toBe(1)
  })

  it('of a name that the registry has already is metrics.registered-twice, names it, and registers nothing', async () => {
    const register = new promClient.Registry()
    new promClient.Counter({ name: 'config_reloads_total', help: 'of another library', registers: [register] })
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    expect(() => metrics(reloader, { register })).toThrow(/metrics\.registered-twice.*config_reloads_total/)
    expect((await register.getMetricsAsJSON()).map(({ name }) => name)).toEqual(['config_reloads_total'])
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a name', 'prom-client'],
    ['the module of prom-client', promClient],
    ['a meter provider', { getMeter: () => ({}) }],
    ['a registry of another library', { registerMetric: () => {}, expose: () => '' }],
    ['a statsd client', { increment: () => {}, gauge: () => {} }],
  ])('of %s as the register is metrics.foreign-registry', async (_, register) => {
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    expect(codeOf(() => metrics(reloader, { register: register as never }))).toBe('metrics.foreign-registry')
  })

  it.each([
    ['a label that a metric has', { labels: { module: 'x' } }],
    ['a label that is no name', { labels: { 'my-label': 'x' } }],
    ['a reserved label', { labels: { __name: 'x' } }],
    ['a label that is no string', { labels: { shop: 1 } }],
    ['an unknown option', { prefix: 'x' }],
  ])('of %s is reloader.invalid-option', async (_, options) => {
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    const register = new promClient.Registry()
    expect(codeOf(() => metrics(reloader, { register, ...(options as object) }))).toBe('reloader.invalid-option')
    expect(await register.metrics()).toBe('\n')
  })

  it('of another object than a reloader, or of other labels in one registry, is reloader.invalid-option', async () => {
    const register = new promClient.Registry()
    expect(codeOf(() => metrics({}, { register }))).toBe('reloader.invalid-option')
    const [one, two] = [await startHarness({ config: configOf({}) }), await startHarness({ config: configOf({}) })]
    metrics(one.reloader, { register, labels: { name: 'one' } })
    expect(codeOf(() => metrics(two.reloader, { register, labels: { other: 'two' } }))).toBe('reloader.invalid-option')
  })

  it('of clearing the registry is repaired by registering again', async () => {
    const register = new promClient.Registry()
    const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
    metrics(reloader, { register })
    register.clear()
    metrics(reloader, { register })
    expect(await valueIn(register, 'config_reload_last_successful')).toBe(1)
  })
})
