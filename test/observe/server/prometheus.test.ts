import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { metrics } from 'changeover/prometheus'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { metricNames } from '../../../src/observe/metric-table.ts'
import { configOf, createHarness, type Harness } from '../../guarantees/harness.ts'
import { Prometheus, promtool } from '../../support/prometheus.ts'
import { ruleTest } from './rule-test.ts'

const monitoring = (name: string): URL => new URL(`../../../monitoring/${name}`, import.meta.url)

const rules = await readFile(monitoring('alerts.yml'), 'utf8')
const dashboard = JSON.parse(await readFile(monitoring('grafana.json'), 'utf8')) as {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}
const queries = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })))

/** Serves a registry as `/metrics` on a free port of 127.0.0.1. */
const serve = async (register: Registry): Promise<Server> => {
  const server = createServer(async (_, response) => {
    response.setHeader('content-type', register.contentType)
    response.end(await register.metrics())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** The rules with times that a test can wait for; what they ask stays. */
const shortened = rules.replaceAll(/for: \w+/g, 'for: 1s').replaceAll('[1h]', '[8s]')

describe('The shipped rules', () => {
  it('are rules for Prometheus', async () => {
    const checked = await promtool(['check', 'rules', fileURLToPath(monitoring('alerts.yml'))])
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('5 rules found') })
  })

  it('fire after their own times, and clear', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'changeover-rules-'))
    try {
      await writeFile(join(folder, 'alerts.yml'), rules.replaceAll(/ +annotations:[\s\S]*?(?=\n\n|\n*$)/g, ''))
      await writeFile(join(folder, 'test.yml'), ruleTest('alerts.yml'))
      const tested = await promtool(['test', 'rules', join(folder, 'test.yml')])
      expect(tested, tested.output).toMatchObject({ code: 0 })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('A real Prometheus', () => {
  const register = new Registry()
  let prometheus: Prometheus
  let server: Server
  const ends: (() => Promise<void>)[] = []

  beforeAll(async () => {
    server = await serve(register)
    prometheus = await Prometheus.start({ target: (server.address() as AddressInfo).port, rules: shortened })
  })

  afterAll(async () => {
    await prometheus.stop()
    server.closeAllConnections()
    server.close()
    for (const end of ends) await end()
  })

  /** Starts a service that the server shows until the end of the test. */
  const start = async (): Promise<Harness> => {
    const options = {
      quarantine: { minMs: 600_000, maxMs: 600_000 },
      repair: { minMs: 600_000, maxMs: 600_000 },
      sourceBackoff: { minMs: 50, maxMs: 100 },
    }
    const config = configOf({ a: 1, k: 1, l: 1 })
    const harness = createHarness({ clock: 'system', config, options, checkCloses: false })
    metrics(harness.reloader, { register })
    await harness.reloader.start()
    return harness
  }

  const eventually = (what: () => Promise<unknown>, expected: unknown, message: string): Promise<unknown> =>
    expect.poll(what, { timeout: 90_000, interval: 200, message }).toEqual(expected)

  it('scrapes the metrics, and promtool finds nothing to complain of', async () => {
    const harness = await start()
    await harness.put(configOf({ a: 2, k: 1, l: 1 }))
    const text = await register.metrics()
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, output: '' })
    for (const name of metricNames) {
      await eventually(async () => (await prometheus.query(name)).length > 0, true, `${name} is scraped`)
    }
    const [info] = await prometheus.query('config_serving_info')
    expect(info?.metric).toMatchObject({ job: 'shop', revision: '2' })
  })

  it.each(queries)('answers the query of the dashboard: $title, $expr', async ({ expr }) => {
    const harness = await start()
    await harness.put(configOf({ a: 2, k: 1, l: 1 }))
    const asked = expr.replaceAll(/\$(job|instance)/g, '.*').replaceAll('$__rate_interval', '5s')
    expect(asked).not.toContain('$')
    await eventually(async () => (await prometheus.query(asked)).length > 0, true, asked)
  })

  it('fires each alert, and clears it', async () => {
    const { reloader, source, modules, put, next } = await start()
    const fires = (name: string) =>
      eventually(async () => (await prometheus.firing()).includes(name), true, `${name} fires`)
    const clears = (name: string) =>
      eventually(async () => (await prometheus.firing()).includes(name), false, `${name} clears`)
    let value = 2
    const good = () => {
      value += 1
      return configOf({ a: value, k: value, l: value })
    }

    await put('{ "a": ')
    await fires('ConfigNotApplied')
    await put(good())
    await clears('ConfigNotApplied')

    source.failReads('source.unreachable')
    source.breakWatch('source.unreachable')
    await fires('ConfigSourceDown')
    source.heal()
    await clears('ConfigSourceDown')

    modules.k.script('undo', 'reject')
    modules.l.script('apply', 'reject')
    await put(good())
    await fires('ConfigDegraded')
    await put(good())
    await clears('ConfigDegraded')

    await reloader.freeze('a test')
    source.put(good())
    await fires('ConfigFrozen')
    expect(await prometheus.firing()).not.toContain('ConfigNotApplied')
    await reloader.unfreeze()
    await next()
    await clears('ConfigFrozen')

    modules.a.script('close', 'reject', 'reject')
    await put(good())
    await put(good())
    await fires('ConfigGenerationsLeak')
    await clears('ConfigGenerationsLeak')
    await eventually(() => prometheus.firing(), [], 'nothing fires in the end')
  })
})

it('The dashboard shows every metric', () => {
  const all = queries.map(({ expr }) => expr).join('\n')
  expect(metricNames.filter((name) => !all.includes(name))).toEqual([])
})
