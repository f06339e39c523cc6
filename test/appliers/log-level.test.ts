import { pino as pino10 } from 'pino'
import { pino as pino9 } from 'pino9'
import { describe, expect, it, vi } from 'vitest'
import { logLevel } from '../../src/appliers/index.ts'
import { moduleHost } from './module-host.ts'

const sink = { write: () => undefined }
const own = (logger: object): [PropertyKey, unknown][] =>
  Reflect.ownKeys(logger)
    .filter((key) => key !== 'onChild')
    .map((key) => [key, Reflect.get(logger, key)])

const versions = [
  { version: '10', pino: pino10 },
  { version: '9', pino: pino9 as unknown as typeof pino10 },
]

describe.each(versions)('logLevel with pino $version', ({ version, pino }) => {
  it('is tested with the version in its title', () => {
    expect(pino(sink).version.split('.')[0]).toBe(version)
  })

  it('sets the level at the commit and not before', async () => {
    const logger = pino({ level: 'info' }, sink)
    const host = moduleHost(logLevel(logger))
    const next = await host.prepare({ level: 'debug' })
    expect(logger.level).toBe('info')
    host.commit(next)
    expect(logger.level).toBe('debug')
    expect(logger.isLevelEnabled('debug')).toBe(true)
  })

  it('accepts the name of the level as a slice', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    await host.replace('error')
    expect(logger.level).toBe('error')
  })

  it.each(['loud', '', 'toString', 'constructor', '__proto__'])('rejects the unknown level %j', async (level) => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    await expect(host.prepare({ level })).rejects.toThrow(new RangeError('The logger has no such level'))
    expect(logger.level).toBe('info')
  })

  it('rejects a level that is not a string', async () => {
    const host = moduleHost(logLevel(pino(sink)))
    await expect(host.prepare({ level: 30 as unknown as string })).rejects.toThrow(RangeError)
  })

  it('knows silent and the custom levels of the logger', async () => {
    const logger = pino({ customLevels: { audit: 35 } }, sink)
    const host = moduleHost(logLevel(logger))
    await host.replace({ level: 'audit' })
    expect(logger.level).toBe('audit')
    await host.replace({ level: 'silent' })
    expect(logger.isLevelEnabled('fatal')).toBe(false)
  })

  it('knows only the custom levels if the logger has no others', async () => {
    const logger = pino({ customLevels: { low: 5, high: 50 }, useOnlyCustomLevels: true, level: 'low' }, sink)
    const host = moduleHost(logLevel(logger))
    await expect(host.prepare({ level: 'info' })).rejects.toThrow(RangeError)
    await host.replace({ level: 'high' })
    expect(logger.level).toBe('high')
  })

  it('sets the level of existing children and their children', async () => {
    const logger = pino(sink)
    const applier = logLevel(logger)
    const child = logger.child({ part: 'a' })
    const grandchild = child.child({ part: 'b' }, { msgPrefix: '> ' })
    const host = moduleHost(applier)
    await host.replace({ level: 'warn' })
    expect([child.level, grandchild.level]).toEqual(['warn', 'warn'])
    await host.replace({ level: 'trace' })
    expect([child.level, grandchild.level]).toEqual(['trace', 'trace'])
    expect(grandchild.isLevelEnabled('trace')).toBe(true)
  })

  it('sets the level of a child that has custom levels of its own', async () => {
    const logger = pino(sink)
    const applier = logLevel(logger)
    const child = logger.child({}, { customLevels: { audit: 35 } })
    const host = moduleHost(applier)
    await host.replace({ level: 'error' })
    expect(child.level).toBe('error')
  })

  it('keeps the level of a child that was created with one, and of its children', async () => {
    const logger = pino(sink)
    const applier = logLevel(logger)
    const child = logger.child({}, { level: 'debug' })
    const grandchild = child.child({})
    const host = moduleHost(applier)
    await host.replace({ level: 'debug' })
    await host.replace({ level: 'error' })
    expect([child.level, grandchild.level]).toEqual(['debug', 'debug'])
  })

  it('keeps the level of a child that was set later, and of its children', async () => {
    const logger = pino(sink)
    const applier = logLevel(logger)
    const child = logger.child({})
    const grandchild = child.child({})
    const host = moduleHost(applier)
    child.level = 'debug'
    const before = grandchild.level
    await host.replace({ level: 'error' })
    expect([child.level, grandchild.level]).toEqual(['debug', before])
  })

  it('keeps the level of a child even if the logger had the same level in between', async () => {
    const logger = pino(sink)
    const applier = logLevel(logger)
    const child = logger.child({})
    const host = moduleHost(applier)
    child.level = 'debug'
    await host.replace({ level: 'debug' })
    await host.replace({ level: 'error' })
    expect(child.level).toBe('debug')
  })

  it('rolls the logger and all children back to exactly what they were', async () => {
    const logger = pino({ customLevels: { audit: 35 } }, sink)
    const applier = logLevel(logger)
    logger.warn = vi.fn() // wrapped, as instrumentations do
    const children = [
      logger.child({}),
      logger.child({}, { level: 'debug' }),
      logger.child({}, { customLevels: { extra: 36 } }),
      logger.child({}).child({ deep: true }, { msgPrefix: '> ' }),
    ]
    const all = [logger, ...children]
    const before = all.map(own)
    const host = moduleHost(applier)
    const next = await host.prepare({ level: 'fatal' })
    host.rollback(next, host.commit(next))
    await host.close(next)
    expect(all.map(own)).toStrictEqual(before)
    all.forEach((one, index) => {
      for (const [key, value] of before[index] ?? []) expect(Reflect.get(one, key)).toBe(value)
    })
  })

  it('sets the level of all children again after a rollback', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const child = logger.child({})
    const failed = await host.prepare({ level: 'fatal' })
    host.rollback(failed, host.commit(failed))
    await host.close(failed)
    await host.replace({ level: 'warn' })
    expect(child.level).toBe('warn')
  })

  it('restores children whose level differs from that of their logger', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const child = logger.child({})
    logger.level = 'trace' // reaches the child with pino 10 only
    const before = child.level
    const next = await host.prepare({ level: 'fatal' })
    const served = host.commit(next)
    expect(child.level).toBe('fatal')
    host.rollback(next, served)
    expect([logger.level, child.level]).toEqual(['trace', before])
  })

  it('rolls back children that were created during the soak', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const next = await host.prepare({ level: 'fatal' })
    const before = host.commit(next)
    const inheriting = logger.child({})
    const custom = logger.child({}, { customLevels: { extra: 36 } })
    expect([inheriting.level, custom.level]).toEqual(['fatal', 'fatal'])
    host.rollback(next, before)
    expect([inheriting.level, custom.level]).toEqual(['info', 'info'])
  })

  it('does not undo the level that a child got during the soak', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const child = logger.child({})
    const next = await host.prepare({ level: 'fatal' })
    const before = host.commit(next)
    child.level = 'trace'
    host.rollback(next, before)
    expect(child.level).toBe('trace')
    await host.replace({ level: 'warn' })
    expect(child.level).toBe('trace')
  })

  it('does nothing in a rollback without a commit, or a second time', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const next = await host.prepare({ level: 'fatal' })
    host.rollback(next, undefined)
    expect(logger.level).toBe('info')
    host.commit(next)
    host.rollback(next, undefined)
    logger.level = 'warn'
    host.rollback(next, undefined)
    expect(logger.level).toBe('warn')
  })

  it('calls the existing onChild with the parent as this, and still tracks the child', async () => {
    const onChild = vi.fn()
    const logger = pino({ onChild }, sink)
    const host = moduleHost(logLevel(logger))
    const child = logger.child({})
    expect(onChild.mock.calls).toEqual([[child]])
    expect(onChild.mock.contexts).toEqual([logger])
    await host.replace({ level: 'warn' })
    expect(child.level).toBe('warn')
  })

  it('can be called by an onChild that replaces it later', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const first = logger.onChild
    const created: unknown[] = []
    logger.onChild = (child) => {
      created.push(child)
      first.call(logger, child)
    }
    const child = logger.child({})
    await host.replace({ level: 'warn' })
    expect(created).toEqual([child])
    expect(child.level).toBe('warn')
    await host.end()
    expect(logger.child({}).level).toBe('info')
    expect(created).toHaveLength(2)
  })

  it('removes its hook when the last generation is closed, and adds it again after that', async () => {
    const logger = pino(sink)
    const before = logger.onChild
    const host = moduleHost(logLevel(logger))
    expect(logger.onChild).not.toBe(before)
    await host.replace({ level: 'warn' })
    await host.replace({ level: 'error' })
    expect(logger.onChild).not.toBe(before)
    await host.end()
    expect(logger.onChild).toBe(before)
    await host.replace({ level: 'debug' })
    const child = logger.child({})
    await host.replace({ level: 'trace' })
    expect(child.level).toBe('trace')
  })

  it('follows a logger that is itself a child, without touching its parent', async () => {
    const root = pino(sink)
    const logger = root.child({ part: 'a' })
    const before = own(logger)
    const host = moduleHost(logLevel(logger))
    const next = await host.prepare({ level: 'debug' })
    const served = host.commit(next)
    expect([root.level, logger.level]).toEqual(['info', 'debug'])
    host.rollback(next, served)
    await host.close(next)
    expect(own(logger)).toStrictEqual(before)
    expect(Object.hasOwn(logger, 'onChild')).toBe(false)
  })

  it('only reports the error of a level-change listener, and still sets and restores the level', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const child = logger.child({})
    const thrown = new Error('listener')
    logger.on('level-change', () => {
      throw thrown
    })
    const next = await host.prepare({ level: 'debug' })
    const before = host.commit(next)
    expect([logger.level, child.level]).toEqual(['debug', 'debug'])
    host.rollback(next, before)
    expect([logger.level, child.level]).toEqual(['info', 'info'])
    expect(new Set(host.reports)).toEqual(new Set([thrown]))
  })

  it('only reports the error of an emit that was replaced, which needs no listener to throw', async () => {
    const logger = pino(sink)
    const host = moduleHost(logLevel(logger))
    const thrown = new Error('emit')
    const emit = (): boolean => {
      throw thrown
    }
    Object.assign(logger, { emit })
    const next = await host.prepare({ level: 'debug' })
    host.commit(next)
    expect([logger.level, host.reports, Reflect.get(logger, 'emit')]).toEqual(['debug', [thrown], emit])
  })

  it('leaves the logger as it was if it throws half-way', async () => {
    let isBroken = false
    const levelComparison = (current: number, expected: number): boolean => {
      if (isBroken && current > 40) throw new Error('comparison')
      return current >= expected
    }
    const logger = pino({ levelComparison }, sink)
    const host = moduleHost(logLevel(logger))
    const before = own(logger)
    const next = await host.prepare({ level: 'debug' })
    isBroken = true
    expect(() => host.commit(next)).toThrow('comparison')
    next.generation.rollback?.()
    expect(own(logger)).toStrictEqual(before)
  })
})

it('logLevel does not keep children of pino 9 alive, even while a commit can be rolled back', async () => {
  const logger = pino9(sink)
  const host = moduleHost(logLevel(logger))
  const refs: WeakRef<object>[] = []
  const createChildren = (): void => {
    for (let n = 0; n < 100; n++) refs.push(new WeakRef(logger.child({ n })))
  }
  createChildren()
  const next = await host.prepare({ level: 'debug' })
  host.commit(next)
  await new Promise((resolve) => setTimeout(resolve, 0)) // a WeakRef keeps its target until the end of the job
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  await expect
    .poll(
      () => {
        collect()
        return refs.filter((ref) => ref.deref() !== undefined).length
      },
      { timeout: 20_000 },
    )
    .toBeLessThan(5)
})
