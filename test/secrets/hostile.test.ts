import type { SecretProvider } from 'changeover'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { documentOf, outcomesOf, ref, startSecretService } from './service.ts'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
})
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(unhandled).toEqual([])
})

const hanging = (signal: AbortSignal, onAbort: () => void): Promise<string> =>
  new Promise(() => signal.addEventListener('abort', onAbort))

const throwing = (): never => {
  throw new Error('hostile')
}

describe('A provider that misbehaves changes nothing that serves', () => {
  it.each<readonly [string, SecretProvider['read']]>([
    ['throws', throwing],
    [
      'throws nothing',
      () => {
        // biome-ignore lint/style/useThrowOnlyError: this is what is tested
        throw undefined
      },
    ],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['throws in a listener of its signal', (_, { signal }) => hanging(signal, throwing)],
    [
      'rejects in a listener of its signal',
      (_, { signal }) => hanging(signal, () => void Promise.reject(new Error('hostile')).catch(() => {})),
    ],
    [
      'rejects after its deadline',
      (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => queueMicrotask(() => reject(new Error('late')))),
        ),
    ],
    ['returns a thenable that throws', () => ({ then: throwing }) as never],
    [
      'returns a thenable that answers twice',
      () =>
        ({
          then: (resolve: (value: string) => void, reject: (error: Error) => void) => {
            reject(new Error('first'))
            resolve('second')
          },
        }) as never,
    ],
    ['returns a function', () => throwing as never],
    ['returns a symbol', () => Symbol('hostile') as never],
    ['returns an object without a prototype', () => Object.create(null) as never],
    [
      'returns a version whose getter throws',
      () => Object.defineProperty({ value: 'a' }, 'version', { get: throwing }) as never,
    ],
    [
      'returns a proxy that throws',
      () => new Proxy({}, { get: (_target, key) => (key === 'then' ? undefined : throwing()) }) as never,
    ],
  ])('%s', async (_, read) => {
    let isHostile = false
    const provider: SecretProvider = { read: (name, call) => (isHostile ? read(name, call) : 'first-password') }
    const service = await startSecretService({ secrets: { vault: provider }, deadlines: { secretMs: 1_000 } })
    isHostile = true
    service.source.put(documentOf({ extra: { a: ref('other') } }) as never)
    await service.clock.advance(5_000)
    expect(outcomesOf(service)[1]).toBe('change rejected')
    expect(service.reloader.config.db.password).toBe('first-password')
    isHostile = false
    await service.clock.advance(300_000)
    expect(service.reloader.config.extra).toEqual({ a: 'first-password' })
  })

  it('calls back with anything, at any time, also while it is asked and after the end', async () => {
    let onChange: (name?: never) => void = () => {}
    const provider: SecretProvider = {
      read: () => {
        onChange()
        return 'first-password'
      },
      watch: (listener) => {
        onChange = listener as never
        onChange()
        return throwing
      },
    }
    const service = await startSecretService({ secrets: { vault: provider } })
    for (const name of ['db', 'unknown', 7, null, {}, Symbol('hostile')]) {
      onChange(name as never)
      await service.clock.advance(1_500)
    }
    for (let call = 0; call < 10_000; call++) onChange()
    await service.clock.advance(10_000)
    expect(outcomesOf(service)).toEqual(['start committed'])
    const closing = service.reloader.close()
    onChange()
    await service.clock.advance(60_000)
    await closing
    onChange()
    await service.clock.advance(60_000)
    expect(service.lines.join('\n')).toContain('secret.watch-failed')
  })

  it('is called with itself as `this`, since it may be an instance', async () => {
    class Manager implements SecretProvider {
      readonly refreshMs = 5_000
      readonly #values = new Map([['db', 'held-by-an-instance']])
      watched = 0
      read(name: string): string | undefined {
        return this.#values.get(name)
      }
      watch(): () => void {
        this.watched += 1
        return () => {
          this.watched -= 1
        }
      }
    }
    const manager = new Manager()
    const service = await startSecretService({ secrets: { vault: manager } })
    expect(service.reloader.config.db.password).toBe('held-by-an-instance')
    expect(manager.watched).toBe(1)
    const closing = service.reloader.close()
    await service.clock.advance(60_000)
    await closing
    expect(manager.watched).toBe(0)
  })
})
