import type { ChangeoverError, GoodStore } from 'changeover'
import { describe, expect, it } from 'vitest'
import { secret, secretsIn } from '../support/secrets.ts'
import {
  createSecretService,
  documentOf,
  FakeVault,
  outcomesOf,
  ref,
  type SecretServiceOptions,
  startSecretService,
  unreachable,
} from './service.ts'

const PASSWORD = secret('db-password')

const vaultOf = (password = PASSWORD): FakeVault => {
  const vault = new FakeVault()
  vault.secrets.set('db', password)
  return vault
}

const downVault = (): FakeVault => {
  const vault = vaultOf()
  vault.failing.set('all', unreachable())
  return vault
}

const storeOf = (encrypted?: boolean) => {
  const entries = new Map<string, string>()
  const store: GoodStore = {
    ...(encrypted === undefined ? {} : { encrypted }),
    load: (name) => entries.get(name),
    save: (name, text) => void entries.set(name, text),
  }
  return { entries, store }
}

const options = (store: GoodStore, more: SecretServiceOptions = {}): SecretServiceOptions => ({
  lastKnownGood: store,
  soak: 0,
  ...more,
})

/** Lets one process serve, rotate and close. */
const runOnce = async (store: GoodStore, more: SecretServiceOptions = {}) => {
  const first = await startSecretService(options(store, { vault: vaultOf('earlier'), ...more }))
  first.vault.rotate(PASSWORD)
  await first.clock.advance(5_000)
  const closing = first.reloader.close()
  await first.clock.advance(60_000)
  await closing
  return first
}

describe('A start with the secret manager down', () => {
  it('waits until the manager answers, if nothing is stored', async () => {
    const service = createSecretService({ vault: downVault() })
    const started = service.reloader.start({ deadlineMs: 120_000 })
    await service.clock.advance(60_000)
    expect(service.reloader.status().state).toBe('rejected')
    expect(service.vault.reads.length).toBeLessThan(60)
    service.vault.failing.clear()
    await service.clock.advance(10_000)
    await started
    expect(outcomesOf(service).at(-1)).toBe('quarantine-expired committed')
  })

  it('ends at its deadline, and says why', async () => {
    const service = createSecretService({ vault: downVault() })
    const started = service.reloader.start({ deadlineMs: 20_000 }).catch((error: unknown) => error)
    await service.clock.advance(21_000)
    const error = (await started) as ChangeoverError
    expect(error.failures.map(({ code }) => code)).toEqual(['reloader.start-timeout', 'secret.unreachable'])
    expect(error.failures[1]).toMatchObject({ path: 'db.password' })
    expect(error.failures[1]?.message).toContain('secret "db" of vault')
    expect(error.failures[1]?.hint).toContain('the start waits')
  })

  it('names the secret at its deadline, also after the source has failed and recovered', async () => {
    const service = createSecretService({ vault: downVault() })
    service.source.failReads('source.unreachable', 2)
    const started = service.reloader.start({ deadlineMs: 20_000 }).catch((error: unknown) => error)
    await service.clock.advance(21_000)
    const { failures } = (await started) as ChangeoverError
    expect(failures.map(({ code }) => code)).toEqual(['reloader.start-timeout', 'secret.unreachable'])
  })

  it.each(['secret.missing', 'secret.denied'] as const)('fails at once for %s, as for a bad document', async (code) => {
    const vault = vaultOf()
    vault.failing.set('db', Object.assign(new Error('no'), { code: code === 'secret.missing' ? 'ENOENT' : 'EACCES' }))
    const service = createSecretService({ vault })
    const started = service.reloader.start().catch((error: unknown) => error)
    await service.clock.advance(1_000)
    expect(await started).toMatchObject({ code })
  })

  it('waits with the last known good too, which holds references only, and serves it once the manager answers', async () => {
    const { entries, store } = storeOf()
    await runOnce(store)
    expect(entries.size).toBeGreaterThan(1)
    expect(secretsIn([...entries.values()].join('\n'))).toEqual([])
    expect([...entries.values()].join('\n')).toContain('vault:db')
    const service = createSecretService(options(store, { vault: downVault() }))
    service.source.failReads('source.unreachable', 1_000)
    const started = service.reloader.start()
    await service.clock.advance(60_000)
    expect(outcomesOf(service)[0]).toBe('restore rejected')
    expect(() => service.reloader.config).toThrow('reloader.not-started')
    service.vault.failing.clear()
    await service.clock.advance(10_000)
    await started
    expect(outcomesOf(service).at(-1)).toBe('restore committed')
    expect(service.reloader.config.db.password).toBe(PASSWORD)
  })

  it('goes on with what the source holds if that needs no secret', async () => {
    const { store } = storeOf()
    await runOnce(store)
    const document = { db: { max: 7, password: 'none' } }
    const service = await startSecretService(options(store, { vault: downVault(), document }))
    expect(service.reloader.config.db.max).toBe(7)
    service.vault.failing.clear()
    await service.clock.advance(120_000)
    expect(service.reloader.config.db.max).toBe(7)
  })

  it('does not lift a freeze of an earlier run, and does not serve what it held back', async () => {
    const { store } = storeOf()
    const first = await startSecretService(options(store, { vault: vaultOf() }))
    await first.reloader.freeze('incident')
    first.source.put(documentOf({}, 9) as never)
    await first.clock.advance(1_000)
    const closing = first.reloader.close()
    await first.clock.advance(60_000)
    await closing
    const service = createSecretService(options(store, { vault: downVault(), document: documentOf({}, 9) }))
    const started = service.reloader.start()
    await service.clock.advance(60_000)
    expect(outcomesOf(service)).toEqual(['restore rejected'])
    service.vault.failing.clear()
    await service.clock.advance(10_000)
    await started
    expect(service.reloader.status().frozen?.reason).toBe('incident')
    expect(service.reloader.config.db.max).toBe(1)
  })

  it('starts from a store that the user encrypts, and takes the newest value once the manager answers', async () => {
    const { entries, store } = storeOf(true)
    await runOnce(store)
    expect(secretsIn(entries.get('good') ?? '').length + secretsIn(entries.get('good.1') ?? '').length).toBeGreaterThan(
      0,
    )
    expect(secretsIn(entries.get('journal') ?? '')).toEqual([])
    const service = await startSecretService(options(store, { vault: downVault() }))
    expect(outcomesOf(service)).toContain('restore committed')
    expect(service.reloader.config.db.password).toBe(PASSWORD)
    service.vault.failing.clear()
    service.vault.secrets.set('db', 'newest')
    await service.clock.advance(10_000)
    expect(service.reloader.config.db.password).toBe('newest')
  })

  it('drops the values if the store is said to be encrypted no longer', async () => {
    const { entries, store } = storeOf(true)
    await runOnce(store)
    const { encrypted: _, ...plain } = store
    const service = await startSecretService(options(plain, { vault: vaultOf() }))
    service.source.put(documentOf({ extra: { a: ref('db') } }) as never)
    await service.clock.advance(1_000)
    service.source.put(documentOf({}, 3) as never)
    await service.clock.advance(1_000)
    service.source.put(documentOf({}, 4) as never)
    await service.clock.advance(1_000)
    expect(secretsIn([...entries.values()].join('\n'))).toEqual([])
  })
})

describe('A revert with the secret manager down', () => {
  it('uses the values that are known', async () => {
    const service = await startSecretService()
    const { source, vault, clock, reloader } = service
    source.put(documentOf({}, 2) as never)
    await clock.advance(1_000)
    vault.failing.set('all', unreachable())
    const reverting = reloader.revert()
    await clock.advance(10_000)
    expect((await reverting).outcome).toBe('committed')
    expect(reloader.config.db.max).toBe(1)
  })
})
