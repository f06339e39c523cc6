// Runs a service with real timers and a real file in a situation that could leave something behind. The process must
// end by itself; otherwise the test that has started it fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader, defineApplier, type ReloaderOptions, type Source } from 'changeover'
import { resource, timer } from 'changeover/appliers'
import { fileSource } from 'changeover/file'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'

const Config = z.strictObject({ n: z.number(), intervalMs: z.number() })
type Config = z.infer<typeof Config>
const documentOf = (n: number): Config => ({ n, intervalMs: 1 + (n % 5) })
const never = new Promise<never>(() => {})
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const account = { opened: 0, closed: 0 }
const behavior = {
  prepare: (): unknown => undefined,
  check: (): unknown => undefined,
  close: (): unknown => undefined,
  apply: (): unknown => undefined,
}
const deadlines = { readMs: 200, prepareMs: 200, applyMs: 200, checkMs: 200, closeMs: 200, leaseMs: 200, graceMs: 50 }

const createService = (source: Source, options: Partial<ReloaderOptions<Config>> = {}) =>
  createReloader<Config>({ source, schema: Config, deadlines, ...options })
    .use(
      'pool',
      (config) => config.n,
      resource({
        open: async (n: number) => {
          await behavior.prepare()
          account.opened += 1
          return n
        },
        drainMs: 100,
        check: () => behavior.check(),
        close: async () => {
          await behavior.close()
          account.closed += 1
        },
      }),
    )
    .use(
      'cache',
      (config) => config,
      timer(() => Date.now(), { unref: false }),
      { after: ['pool'] },
    )
    .use('level', (config) => config.n, defineApplier<number>({ apply: async () => void (await behavior.apply()) }), {
      after: ['cache'],
    })

type Service = ReturnType<typeof createService>

const reloads = async (service: Service, put: (document: Config) => void, count: number): Promise<void> => {
  for (let n = 1; n <= count; n++) {
    behavior.prepare = () => {
      if (n % 3 === 0) throw new Error('scripted')
    }
    behavior.apply = () => {
      if (n % 7 === 0) throw new Error('scripted')
    }
    put(documentOf(n))
    const { outcome } = await service.reload()
    if (outcome === 'degraded') await pause(1)
  }
  behavior.prepare = () => undefined
  behavior.apply = () => undefined
}

const situations: Readonly<Record<string, () => Promise<Service>>> = {
  memory: async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source, { soak: 2 })
    await service.start()
    await reloads(service, source.put, 100)
    return service
  },
  file: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'changeover-g18-'))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'config.json')
    const write = (document: Config): void => writeFileSync(path, JSON.stringify(document))
    write(documentOf(0))
    const service = createService(fileSource({ path }))
    await service.start()
    await reloads(service, write, 20)
    return service
  },
  'never started': async () => createService(memorySource(documentOf(0))),
  'a start that was rejected': async () => {
    const service = createService(memorySource('{'))
    await service.start({ deadlineMs: 3_600_000 }).catch(() => {})
    return service
  },
  'a start that was aborted in advance': async () => {
    const service = createService(memorySource(documentOf(0)))
    await service.start({ signal: AbortSignal.abort(), deadlineMs: 3_600_000 }).catch(() => {})
    return service
  },
  'a source that hangs and ignores its signal': async () => {
    const source = memorySource(documentOf(0))
    source.hangReads({ deaf: true })
    const service = createService(source, { deadlines: { ...deadlines, readMs: 3_600_000 } })
    void service.start().catch(() => {})
    await pause(10)
    return service
  },
  'a source that cannot be reached': async () => {
    const source = memorySource(documentOf(0))
    source.failReads('source.unreachable')
    const service = createService(source, { sourceBackoff: { minMs: 3_600_000, maxMs: 3_600_000 } })
    void service.start().catch(() => {})
    await pause(10)
    return service
  },
  'a prepare that hangs': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source)
    await service.start()
    behavior.prepare = () => never
    source.put(documentOf(1))
    await pause(10)
    return service
  },
  'a soak, and a check that hangs': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source, {
      soak: { durationMs: 3_600_000, intervalMs: 3_600_000 },
      deadlines: { ...deadlines, checkMs: 3_600_000 },
    })
    let checks = 0
    behavior.check = () => (++checks > 1 ? never : undefined) // the first round comes right after the commit
    await service.start()
    await pause(10)
    return service
  },
  'a degraded module that waits for its repair': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source, { repair: { minMs: 3_600_000, maxMs: 3_600_000 } })
    await service.start()
    behavior.apply = () => {
      throw new Error('scripted')
    }
    source.put(documentOf(1))
    await service.reload()
    if (service.status().state !== 'degraded') throw new Error(`not degraded: ${service.status().state}`)
    return service
  },
  'a document that is quarantined for a time': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source, { quarantine: { minMs: 3_600_000, maxMs: 3_600_000 } })
    await service.start()
    behavior.prepare = () => {
      throw Object.assign(new Error('scripted'), { code: 'ECONNREFUSED' })
    }
    source.put(documentOf(1))
    const { outcome } = await service.reload()
    const [entry] = service.status().quarantine
    if (entry?.nextTryAt === undefined) throw new Error(`the document is not quarantined for a time: ${outcome}`)
    return service
  },
  'a storm that is being gathered': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source)
    await service.start()
    for (let n = 1; n <= 50; n++) {
      source.put(documentOf(n))
      await new Promise((resolve) => setImmediate(resolve))
    }
    return service
  },
  'changes that are frozen, with one waiting': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source)
    await service.start()
    await service.freeze('scripted')
    source.put(documentOf(1))
    await pause(10)
    if (service.status().frozen?.waiting === undefined) throw new Error('nothing waits')
    return service
  },
  'a change that is not confirmed': async () => {
    const source = memorySource(documentOf(0))
    const service = createService(source, { confirm: { withinMs: 3_600_000 } })
    await service.start()
    source.put(documentOf(1))
    while (service.status().state !== 'confirming') await pause(1)
    return service
  },
  'a disk that hangs': async () => {
    const source = memorySource(documentOf(0))
    let isWell = true
    const service = createService(source, {
      lastKnownGood: { load: () => undefined, save: () => (isWell ? undefined : never) },
      soak: 0,
      deadlines: { ...deadlines, persistMs: 100 },
    })
    await service.start()
    isWell = false
    source.put(documentOf(1))
    await pause(10)
    return service
  },
  'leases that are never released': async () => {
    const service = createService(memorySource(documentOf(0)))
    await service.start()
    void service.lease(() => never)
    void service.modules.pool.use(() => never)
    return service
  },
  'a dry run under way': async () => {
    const service = createService(memorySource(documentOf(0)))
    await service.start()
    behavior.prepare = () => pause(30)
    for (let n = 1; n < 5; n++) void service.plan(JSON.stringify(documentOf(n)), { prepare: true }).catch(() => {})
    await pause(5)
    return service
  },
  'a close that hangs': async () => {
    const service = createService(memorySource(documentOf(0)))
    await service.start()
    behavior.close = () => never
    return service
  },
}

const [name = ''] = process.argv.slice(2)
const before = process.getActiveResourcesInfo()
const service = await situations[name]?.()
if (service === undefined) throw new Error(`there is no situation ${name}`)
await Promise.all([service.close(), service.close()])
const leftOver = (): string[] => {
  const left = process.getActiveResourcesInfo()
  for (const resourceName of before) {
    const at = left.indexOf(resourceName)
    if (at !== -1) left.splice(at, 1)
  }
  return left
}
// Node may still be closing a file; a timer or a socket would be a leak.
const closing = /^(FSReqPromise|FSReqCallback|CloseReq|FSEventWrap)$/
while (leftOver().some((kind) => closing.test(kind))) await new Promise((resolve) => setImmediate(resolve))
const left = leftOver().filter((kind) => kind !== 'Immediate')
const { modules } = service.status()
const sums = Object.values(modules).map(({ opened, closed, live, leaked }) => [opened === closed + live + leaked, live])
process.stdout.write(`${JSON.stringify({ left, account, modules, sums, state: service.status().state })}\n`)
