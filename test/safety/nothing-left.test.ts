import { expect, test } from 'vitest'
import type { Process } from './process.ts'
import { confirming, documentOf, soakedDeployment, SOAK_MS, type Deployment } from './deployment.ts'

type Situation = (deployment: Deployment, process: Process) => Promise<unknown> | unknown

const situations: readonly (readonly [string, object, Situation])[] = [
  ['at rest', {}, () => {}],
  ['frozen', {}, (_, process) => process.reloader.freeze('')],
  ['in a soak', {}, () => {}],
  ['waiting for a confirmation', confirming, (_, process) => process.advance(SOAK_MS)],
  [
    'with a quarantine that expires',
    { quarantine: { minMs: 60_000 } },
    async (deployment, process) => {
      process.modules.b.script('prepare', () => Promise.reject(Object.assign(new Error(), { code: 'ECONNRESET' })))
      deployment.source.put(documentOf(3))
      await process.advance(SOAK_MS + 100)
      expect(process.reloader.status().quarantine[0]?.nextTryAt).toBeDefined()
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

test.each(situations)('After close() nothing is left: %s', async (_, options, situation) => {
  const { deployment, process } = await soakedDeployment([1], options)
  deployment.source.put(documentOf(2))
  await process.advance(100)
  await situation(deployment, process)
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

/** Calls every command, and returns the code with which each is rejected. */
const commandCodes = ({ reloader }: Process): Promise<string[]> =>
  Promise.all(
    [
      reloader.freeze(''),
      reloader.unfreeze(),
      reloader.revert(),
      reloader.retry(),
      reloader.release(),
      reloader.confirm('x'),
      reloader.reload(),
    ].map((call) =>
      Promise.resolve(call).then(
        () => '',
        ({ code }) => code,
      ),
    ),
  )

test('After close() every command is rejected with reloader.closed', async () => {
  const { process } = await soakedDeployment([1, 2])
  await process.close()
  expect(new Set(await commandCodes(process))).toEqual(new Set(['reloader.closed']))
})

test('Before the first commit every command is rejected with reloader.not-started', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await process.close()
  expect(new Set(await commandCodes(deployment.boot()))).toEqual(new Set(['reloader.not-started']))
})
