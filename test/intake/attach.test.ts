import { createReloader, type Failure, type Source, type SourceContext } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'

const schema = z.strictObject({ n: z.number() })

const start = async (attach: Source['attach']) => {
  const reported: Failure[] = []
  const note = (data: object): void => {
    const { changeover } = data as { changeover?: Failure }
    if (changeover?.code !== undefined) reported.push(changeover)
  }
  const logger = { debug: () => {}, info: () => {}, warn: note, error: note }
  const source: Source = { ...memorySource({ n: 1 }), ...(attach === undefined ? {} : { attach }) }
  const deadlines = { readMs: 1_234 }
  const reloader = createReloader({ source, schema, logger, deadlines, sourceBackoff: { minMs: 7, maxMs: 8 } })
  onTestFinished(() => reloader.close())
  await reloader.start()
  return { reloader, reported }
}

describe('A source that can be attached', () => {
  it('gets once, before its first read, what it may use', async () => {
    const given: SourceContext[] = []
    const { reported } = await start((context) => void given.push(context))
    expect(given).toHaveLength(1)
    expect(given[0]).toMatchObject({ schema, readMs: 1_234, backoff: { minMs: 7, maxMs: 8 } })
    expect(reported).toEqual([])
  })

  it('reports a fault that fails no read', async () => {
    const { reloader, reported } = await start(({ report }) => report('source.failed', 'a fact', new Error('hunter2')))
    expect(reloader.config).toEqual({ n: 1 })
    expect(reported).toMatchObject([{ code: 'source.failed', detail: 'a fact' }])
    expect(JSON.stringify(reported)).not.toContain('hunter2')
  })

  it('is read all the same if it throws', async () => {
    const { reloader, reported } = await start(() => {
      throw new Error('hunter2')
    })
    expect(reloader.config).toEqual({ n: 1 })
    expect(reported).toMatchObject([{ code: 'source.failed' }])
    expect(JSON.stringify(reported)).not.toContain('hunter2')
  })
})
