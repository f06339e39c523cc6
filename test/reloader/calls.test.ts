import { createReloader, defineApplier, type ReloaderOptions } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'

const schema = z.strictObject({ max: z.number(), off: z.boolean().optional() })

const createService = (options: Partial<ReloaderOptions<z.infer<typeof schema>>> = {}) => {
  const source = memorySource({ max: 1 })
  const clock = createVirtualClock()
  const warnings: string[] = []
  const noop = (): void => {}
  const logger = { debug: noop, info: noop, warn: (_: object, message: string) => warnings.push(message), error: noop }
  const reloader = createReloader({ source, schema, clock, logger, ...options })
    .use('limit', ({ max, off }) => (off === true ? undefined : max), {
      prepare: (max: number) => ({ instance: { max } }),
    })
    .use('undoable', ({ max }) => max, defineApplier({ apply: () => {} }))
  onTestFinished(() => reloader.close())
  return { reloader, source, clock, warnings }
}

/** Collects the rejections that nothing has handled. */
const collectUnhandled = (): unknown[] => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return unhandled
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

type Service = ReturnType<typeof createService>['reloader']
const calls: Readonly<Record<string, (reloader: Service) => unknown>> = {
  reload: (reloader) => reloader.reload(),
  'forced reload': (reloader) => reloader.reload({ force: true }),
  refresh: (reloader) => reloader.refresh('limit'),
  retry: (reloader) => reloader.retry(),
  confirm: (reloader) => reloader.confirm('none'),
  revert: (reloader) => reloader.revert(),
  freeze: (reloader) => reloader.freeze('maintenance'),
  unfreeze: (reloader) => reloader.unfreeze(),
  release: (reloader) => reloader.release(),
}

test.each(Object.entries(calls))(
  'A refused call of %s that nothing awaits is logged and ends no process',
  async (_, call) => {
    const unhandled = collectUnhandled()
    const { reloader, warnings } = createService()
    call(reloader) // before the start
    await turn()
    expect(warnings).toEqual([expect.stringContaining('The reloader has no config yet')])
    await reloader.start()
    await reloader.close()
    call(reloader)
    await turn()
    expect(warnings).toEqual([expect.anything(), expect.stringContaining('The reloader is closed')])
    expect(unhandled).toEqual([])
  },
)

test('A call that nothing awaits may be refused while frozen, and when close ends it', async () => {
  const unhandled = collectUnhandled()
  const { reloader, source } = createService()
  await reloader.start()
  await reloader.freeze('maintenance')
  void reloader.reload()
  void reloader.retry()
  void reloader.revert({ to: 'nowhere' })
  await reloader.unfreeze()
  source.hangReads()
  void reloader.reload()
  await reloader.close()
  await turn()
  expect(unhandled).toEqual([])
})

test('An awaited call still rejects', async () => {
  const { reloader } = createService()
  await expect(reloader.reload()).rejects.toMatchObject({ code: 'reloader.not-started' })
  process.once('SIGUSR2', reloader.reload as () => void) // passes arguments that mean nothing
  process.emit('SIGUSR2')
  await turn()
})

test('A module throws before the first commit instead of being undefined', async () => {
  const { reloader, source } = createService()
  const refused = { code: 'reloader.not-started', module: 'limit' }
  expect(() => reloader.modules.limit.current).toThrow(expect.objectContaining(refused))
  expect(() => reloader.modules.undoable.current).toThrow(expect.objectContaining({ code: 'reloader.not-started' }))
  const task = vi.fn()
  await expect(reloader.modules.limit.use(task)).rejects.toMatchObject(refused)
  expect(task).not.toHaveBeenCalled()
  source.put({ max: 'many' })
  await expect(reloader.start()).rejects.toMatchObject({ code: 'schema.invalid' })
  expect(() => reloader.modules.limit.current).toThrow(expect.objectContaining(refused))
})

test('A module that is off is undefined, and its last instance stays after close', async () => {
  const { reloader, source, clock } = createService()
  await reloader.start()
  expect(reloader.modules.limit.current).toEqual({ max: 1 })
  expect(reloader.modules.undoable.current).toBeUndefined()
  source.put({ max: 1, off: true })
  await clock.advance(100)
  expect(reloader.modules.limit.current).toBeUndefined()
  expect(await reloader.modules.limit.use((limit) => limit)).toBeUndefined()
  await reloader.close()
  expect(() => reloader.modules.limit.current).not.toThrow()
})

test('start({ waitForDocument: true }) waits for a document that does not exist yet', async () => {
  const { reloader, source, clock } = createService()
  source.delete()
  const started = reloader.start({ waitForDocument: true })
  await clock.advance(60_000)
  expect(reloader.status()).toMatchObject({ state: 'rejected', last: { failures: [{ code: 'document.missing' }] } })
  source.put({ max: 2 })
  await clock.advance(1_000)
  await started
  expect(reloader.config.max).toBe(2)
})

test('start({ waitForDocument: true }) still rejects a bad document, and at its deadline says what is missing', async () => {
  const bad = createService()
  bad.source.delete()
  const started = bad.reloader.start({ waitForDocument: true })
  const result = expect(started).rejects.toMatchObject({ code: 'schema.invalid' })
  await bad.clock.advance(100)
  bad.source.put({ max: 'many' })
  await bad.clock.advance(100)
  await result

  const late = createService()
  late.source.delete()
  const waiting = late.reloader.start({ waitForDocument: true, deadlineMs: 5_000 })
  const timedOut = expect(waiting).rejects.toMatchObject({
    code: 'reloader.start-timeout',
    failures: [{ code: 'reloader.start-timeout' }, { code: 'document.missing' }],
  })
  await late.clock.advance(5_000)
  await timedOut

  const { reloader, source } = createService()
  source.delete()
  await expect(reloader.start()).rejects.toMatchObject({ code: 'document.missing' })
})
