import { expect, test } from 'vitest'
import type { Process } from './process.ts'
import { documentOf, soakedDeployment, SOAK_MS, type Deployment } from './deployment.ts'

type Scene = (deployment: Deployment, process: Process) => Promise<unknown> | unknown

const confirm = { confirm: { withinMs: 60_000 } }

const scenes: readonly (readonly [string, object, Scene])[] = [
  ['at rest', {}, () => {}],
  ['frozen', {}, (_, process) => process.reloader.freeze('')],
  ['in a soak', {}, () => {}],
  ['waiting for a confirmation', confirm, (_, process) => process.advance(SOAK_MS)],
  [
    'with a quarantine that expires',
    { quarantine: { minMs: 60_000 } },
    async (deployment, process) => {
      process.modules.b.script('prepare', () => Promise.reject(Object.assign(new Error(), { code: 'ECONNRESET' })))
      deployment.source.put(documentOf(3))
      await process.advance(SOAK_MS + 100)
      expect(process.reloader.status().quarantine[0]?.until).toBeDefined()
    },
  ],
  [
    'with a store that hangs',
    {},
    async (deployment, process) => {
      deployment.store.save('hangs')
      await process.advance(SOAK_MS + 30_000)
    },
  ],
  [
    'with a store that is being retried',
    {},
    async (deployment, process) => {
      deployment.store.save('rejects')
      await process.advance(SOAK_MS + 30_000)
      expect(process.reloader.status().persistence?.lastError).toBeDefined()
    },
  ],
  [
    'in the soak of a revert',
    {},
    async (_, process) => {
      await process.advance(SOAK_MS)
      void process.reloader.revert().catch(() => {})
      await process.advance(100)
      expect(process.state).toBe('soaking')
    },
  ],
]

test.each(scenes)('After close() nothing is left: %s', async (_, options, scene) => {
  const { deployment, process } = await soakedDeployment([1], options)
  deployment.source.put(documentOf(2))
  await process.advance(100)
  await scene(deployment, process)
  await process.close() // throws if a timer is left, or if a generation is not closed exactly once
  expect(process.state).toBe('closed')
  expect(process.clock.pending()).toBe(0)
  expect(deployment.source.watches).toBe(0)
  const { modules, counters } = process.reloader.status()
  for (const { live, opened, closed, leaked } of Object.values(modules)) {
    expect([live, opened - closed - leaked]).toEqual([0, 0])
  }
  const { reported, ...ended } = counters
  expect(Object.values(ended).reduce((sum, count) => sum + count)).toBe(process.records.length)
  const calls = process.calls.length
  deployment.store.release()
  deployment.source.put(documentOf(4))
  await process.advance(600_000)
  expect(process.calls).toHaveLength(calls)
  expect(reported).toBeGreaterThanOrEqual(0)
})

test('After close() every command is rejected with reloader.closed', async () => {
  const { process } = await soakedDeployment([1, 2])
  await process.close()
  const { reloader } = process
  const calls = [
    reloader.freeze(''),
    reloader.unfreeze(),
    reloader.revert(),
    reloader.retry(),
    reloader.release(),
    reloader.confirm('x'),
    reloader.reload(),
  ]
  const codes = await Promise.all(
    calls.map((call) =>
      Promise.resolve(call).then(
        () => '',
        ({ code }) => code,
      ),
    ),
  )
  expect(codes).toEqual(calls.map(() => 'reloader.closed'))
})

test('Before the first commit every command except reload() is rejected with reloader.not-started', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await process.close()
  const { reloader } = deployment.boot()
  const calls = [
    reloader.freeze(''),
    reloader.unfreeze(),
    reloader.revert(),
    reloader.retry(),
    reloader.release(),
    reloader.confirm('x'),
    reloader.reload(),
  ]
  const codes = await Promise.all(
    calls.map((call) =>
      Promise.resolve(call).then(
        () => '',
        ({ code }) => code,
      ),
    ),
  )
  expect(codes).toEqual(calls.map(() => 'reloader.not-started'))
})
