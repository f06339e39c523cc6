import { createReloader, type ReloaderOptions } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, type TestContext } from 'vitest'
import { z } from 'zod'

const Config = z.strictObject({ n: z.number() })

const requiring = (n: number, ...builds: readonly string[]): string => JSON.stringify({ $requires: { builds }, n })

const start = async (
  test: TestContext,
  text: string,
  options: Partial<ReloaderOptions<z.infer<typeof Config>>> = {},
) => {
  const source = memorySource(text)
  const reloader = createReloader({ source, schema: Config, build: '1.4', ...options })
  test.onTestFinished(() => reloader.close())
  await reloader.start()
  return { source, reloader }
}

const change = async (
  { source, reloader }: Awaited<ReturnType<typeof start>>,
  text: string,
): Promise<{ readonly outcome: string; readonly code: string | undefined; readonly message: string }> => {
  source.put(text)
  const record = await reloader.reload()
  const [first] = 'failures' in record ? record.failures : []
  return { outcome: record.outcome, code: first?.code, message: first?.message ?? '' }
}

describe('A document that requires builds', () => {
  it('is applied by those builds, and is no part of the config', async (test) => {
    const service = await start(test, requiring(1, '1.4', '1.5'))
    expect(service.reloader.config).toEqual({ n: 1 })
    expect(await change(service, requiring(2, '1.4'))).toMatchObject({ outcome: 'committed' })
    expect(service.reloader.config).toEqual({ n: 2 })
  })

  it('is held back by other builds, which keep what they serve', async (test) => {
    const service = await start(test, '{"n":1}')
    const held = await change(service, requiring(2, '1.5'))
    expect(held).toMatchObject({ outcome: 'rejected', code: 'document.held' })
    expect(held.message).toContain('this build is 1.4')
    expect(service.reloader.config).toEqual({ n: 1 })
    expect(service.reloader.status().waiting).toMatchObject({ reason: 'build' })
    expect(service.reloader.status().quarantine).toEqual([])
    expect(await change(service, requiring(2, '1.5', '1.4'))).toMatchObject({ outcome: 'committed' })
    expect(service.reloader.status().waiting).toBeUndefined()
  })

  it('is held back by a process that names no build', async (test) => {
    const service = await start(test, '{"n":1}', { build: '' })
    expect(await change(service, requiring(2, '1.4'))).toMatchObject({ code: 'document.held' })
  })

  it('fails a start that has nothing else to serve', async () => {
    const reloader = createReloader({ source: memorySource(requiring(1, '1.5')), schema: Config, build: '1.4' })
    await expect(reloader.start()).rejects.toMatchObject({ code: 'document.held' })
  })

  it.each([
    '{"$requires":null,"n":2}',
    '{"$requires":[],"n":2}',
    '{"$requires":{"builds":[]},"n":2}',
    '{"$requires":{"builds":"1.4"},"n":2}',
    '{"$requires":{"builds":[1.4]},"n":2}',
    '{"$requires":{"builds":["1.4"],"nodes":[22]},"n":2}',
    '{"$requires":{"build":["1.4"]},"n":2}',
  ])('is rejected if it is %s', async (text) => {
    const source = memorySource('{"n":1}')
    const reloader = createReloader({ source, schema: Config, build: '1.4' })
    await reloader.start()
    source.put(text)
    const record = await reloader.reload()
    expect('failures' in record && record.failures[0].code).toBe('document.bad-requirements')
    await reloader.close()
  })

  it('may have been parsed by a parser of the user', async (test) => {
    const parse = (text: string): unknown => ({ $requires: { builds: ['1.5'] }, n: Number(text) })
    const service = await start(test, '1', { parse, build: '1.5' })
    expect(service.reloader.config).toEqual({ n: 1 })
  })
})
