import { createReloader, type StartOptions } from 'changeover'
import { createVirtualClock, type MemorySource, memorySource, replay } from 'changeover/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const schema = z.strictObject({ value: z.number() })

/** A service whose first call of `prepare` answers when the test says so, and every later one at once. */
const createService = (options: StartOptions = {}, atFirst = (_: MemorySource): void => {}) => {
  const clock = createVirtualClock()
  const source = memorySource({ value: 1 })
  const commits: number[] = []
  let answer = (): void => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  let calls = 0
  const reloader = createReloader({ source, schema, clock }).use('a', (config) => config, {
    prepare: ({ value }) => {
      const prepared = { instance: value, commit: () => void commits.push(value) }
      calls += 1
      if (calls > 1) return prepared
      atFirst(source)
      return answered.then(() => prepared)
    },
  })
  onTestFinished(() => reloader.close())
  const started = reloader.start(options).catch((error: unknown) => error)
  return { reloader, source, commits, clock, started, answer }
}

test('A start that fails closes before a document that waits can commit', async () => {
  const trivial = () => ({ prepare: ({ value }: z.infer<typeof schema>) => ({ instance: value }) })
  const { violations } = await replay(
    {
      version: 1,
      seed: 0,
      start: { value: 1 },
      last: { value: 1 },
      steps: [],
      during: [{ module: 'a', phase: 'prepare', call: 1, step: { do: 'put', document: { value: 1 } } }],
      faults: [{ module: 'b', phase: 'prepare', call: 1, kind: 'permanent' }],
    },
    {
      schema,
      modules: (reloader) =>
        reloader
          .use('a', (config) => config, trivial())
          .use('b', (config) => config, trivial(), { after: ['a'] })
          .use('c', (config) => config, trivial(), { after: ['b'] }),
    },
  )
  expect(violations).toEqual([])
})

test('A start that is aborted commits nothing that is prepared in the same turn', async () => {
  const abort = new AbortController()
  const { reloader, commits, clock, started, answer } = createService({ signal: abort.signal })
  await clock.advance(0)
  answer()
  abort.abort()
  await clock.advance(0)
  expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
  expect(commits).toEqual([])
  expect(reloader.status()).toMatchObject({ state: 'closed', counters: { committed: 0 } })
})

test('A start that times out commits nothing that is prepared in the same turn', async () => {
  const { reloader, commits, clock, started, answer } = createService({ deadlineMs: 1_000 })
  clock.setTimeout(answer, 1_000)
  await clock.advance(1_000)
  expect(await started).toMatchObject({ code: 'reloader.start-timeout' })
  expect(commits).toEqual([])
  expect(reloader.status()).toMatchObject({ state: 'closed', counters: { committed: 0 } })
})
