import { permanent, refuse, type SecretProvider } from 'changeover'
import { describe, expect, it } from 'vitest'
import {
  type Config,
  createSecretService,
  documentOf,
  FakeVault,
  failureOf,
  outcomesOf,
  startSecretService,
  unreachable,
} from './service.ts'

describe('A secret that rotates', () => {
  it('is a transaction with trigger secret, which prepares the module with the new value while the old one serves', async () => {
    const seen: string[] = []
    const service = await startSecretService({ prepare: (db) => void seen.push(`${db.password}`) })
    const { vault, clock, reloader, served, closed } = service
    expect(reloader.config.db.password).toBe('first-password')
    vault.rotate('second-password')
    await clock.advance(2_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret committed'])
    expect(reloader.config.db.password).toBe('second-password')
    expect(served).toEqual(['first-password', 'second-password'])
    expect(closed).toEqual(['first-password'])
    expect(service.records[1]?.modules.map(({ module }) => module)).toEqual(['db'])
  })

  it('costs no transaction if its value has not changed, whatever its provider says', async () => {
    const service = await startSecretService()
    for (let round = 0; round < 3; round++) {
      service.vault.rotate('first-password')
      await service.clock.advance(5_000)
    }
    expect(outcomesOf(service)).toEqual(['start committed'])
    expect(service.vault.reads.length).toBe(4)
  })

  it('is found by refreshMs, with jitter, if its provider says nothing', async () => {
    const vault = new FakeVault()
    const { read } = vault
    const service = await startSecretService({ vault, secrets: { vault: { read, refreshMs: 10_000 } } })
    vault.secrets.set('db', 'second-password')
    await service.clock.advance(9_000)
    expect(outcomesOf(service)).toEqual(['start committed'])
    await service.clock.advance(3_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret committed'])
  })

  it('is read again when its value asks for that', async () => {
    const vault = new FakeVault()
    vault.secrets.set('db', { value: 'leased', refreshMs: 5_000 })
    const service = await startSecretService({ vault, secrets: { vault: vault.read } })
    vault.secrets.set('db', 'next')
    await service.clock.advance(6_000)
    expect(service.reloader.config.db.password).toBe('next')
    await service.clock.advance(600_000)
    expect(vault.reads.length).toBe(2)
  })

  it('is rolled back if it is wrong, and the old value serves on; it is tried again with back-off until it holds', async () => {
    let isAccepted = false
    const prepare = ({ password }: { password: string }) => {
      if (password === 'wrong' && !isAccepted) throw new Error('password authentication failed')
    }
    const service = await startSecretService({ prepare })
    const { vault, clock, reloader } = service
    vault.rotate('wrong')
    await clock.advance(2_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret rolled-back'])
    expect(reloader.config.db.password).toBe('first-password')
    expect(reloader.status().quarantine).toMatchObject([])
    await clock.advance(30_000)
    expect(
      outcomesOf(service)
        .slice(2)
        .every((one) => one === 'secret rolled-back'),
    ).toBe(true)
    expect(service.records.length).toBeGreaterThan(3)
    isAccepted = true
    await clock.advance(600_000)
    expect(outcomesOf(service).at(-1)).toBe('secret committed')
    expect(reloader.config.db.password).toBe('wrong')
  })

  it('is tried at once when a wrong value is replaced', async () => {
    const prepare = ({ password }: { password: string }) => {
      if (password === 'wrong') throw new Error('no')
    }
    const service = await startSecretService({ prepare, quarantine: { minMs: 60_000, maxMs: 60_000 } })
    service.vault.rotate('wrong')
    await service.clock.advance(2_000)
    service.vault.rotate('right')
    await service.clock.advance(2_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret rolled-back', 'secret committed'])
    expect(service.reloader.config.db.password).toBe('right')
  })

  it('is not lost if it rotates during the transaction that has read the old value', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const service = await startSecretService({ prepare: ({ max }) => (max === 2 ? gate : undefined) })
    const { source, vault, clock, reloader } = service
    source.put(documentOf({}, 2) as never)
    await clock.advance(100)
    expect(reloader.status().state).toBe('preparing')
    vault.rotate('second-password')
    await clock.advance(3_000)
    release()
    await clock.advance(100)
    expect(outcomesOf(service)).toEqual(['start committed', 'change committed', 'secret committed'])
    expect(reloader.config.db).toEqual({ max: 2, password: 'second-password' })
  })

  it('is held while changes are frozen, and delivered when they are not', async () => {
    const service = await startSecretService()
    const { reloader, vault, clock } = service
    await reloader.freeze('incident')
    vault.rotate('second-password')
    await clock.advance(60_000)
    expect(outcomesOf(service)).toEqual(['start committed'])
    await reloader.unfreeze()
    await clock.advance(1_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret committed'])
  })

  it('passes a freeze with refresh(), which reads it again', async () => {
    const service = await startSecretService()
    const { reloader, vault, clock } = service
    await reloader.freeze('incident')
    vault.rotate('second-password')
    await clock.advance(5_000)
    const refreshing = reloader.refresh('db')
    await clock.advance(1_000)
    expect(await refreshing).toMatchObject({ outcome: 'committed' })
    expect(reloader.config.db.password).toBe('second-password')
    await reloader.unfreeze()
    await clock.advance(5_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'reload committed'])
  })

  it('brings back a document that was held because of a wrong value', async () => {
    const prepare = ({ password, max }: { password: string; max: number }) => {
      if (password === 'first-password' && max === 2) throw new Error('password authentication failed')
    }
    const service = await startSecretService({ prepare, quarantine: { minMs: 600_000, maxMs: 600_000 } })
    const { source, vault, clock, reloader } = service
    source.put(documentOf({}, 2) as never)
    await clock.advance(2_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'change rolled-back'])
    vault.rotate('second-password')
    await clock.advance(2_000)
    expect(outcomesOf(service).slice(2)).toEqual(['secret committed', 'quarantine-expired committed'])
    expect(reloader.config.db).toEqual({ max: 2, password: 'second-password' })
  })

  it('goes on with what serves while its provider cannot be reached, says so once, and reads with back-off', async () => {
    const service = await startSecretService()
    const { vault, clock, reloader, lines } = service
    vault.failing.set('all', unreachable())
    vault.rotate('second-password')
    await clock.advance(60_000)
    expect(outcomesOf(service)).toEqual(['start committed'])
    expect(vault.reads.length).toBeLessThan(60)
    expect(lines.filter((line) => line.includes('secret.unreachable'))).toHaveLength(1)
    expect(lines.join('\n')).toContain('secret \\"db\\" of vault')
    vault.failing.clear()
    await clock.advance(10_000)
    expect(reloader.config.db.password).toBe('second-password')
  })

  it('is taken by a repair of a degraded service', async () => {
    let isBroken = true
    const service = createSecretService({
      soak: { durationMs: 1_000, checks: [() => (isBroken ? Promise.reject(new Error('down')) : undefined)] },
    })
    const started = service.reloader.start()
    await service.clock.advance(3_000)
    await started
    expect(service.reloader.status().state).toBe('degraded')
    isBroken = false
    service.vault.rotate('second-password')
    await service.clock.advance(5_000)
    expect(service.reloader.config.db.password).toBe('second-password')
    expect(service.reloader.status().state).toBe('committed')
  })

  it('is not tried again with the same value if a module says that only another one helps', async () => {
    const prepare = ({ password }: { password: string }) => {
      if (password === 'wrong') throw permanent(new Error('no'))
    }
    const service = await startSecretService({ prepare })
    service.vault.rotate('wrong')
    await service.clock.advance(600_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret rolled-back'])
    service.vault.rotate('right')
    await service.clock.advance(2_000)
    expect(outcomesOf(service).at(-1)).toBe('secret committed')
  })

  it('is tried again at least once a minute, and at once by refresh()', async () => {
    let isAccepted = false
    const prepare = ({ password }: { password: string }) => {
      if (password === 'early' && !isAccepted) throw new Error('no')
    }
    const service = await startSecretService({ prepare })
    service.vault.rotate('early')
    await service.clock.advance(1_200_000)
    expect(service.records.length).toBeGreaterThanOrEqual(20)
    isAccepted = true
    const refreshing = service.reloader.refresh('db')
    await service.clock.advance(1_000)
    expect((await refreshing).outcome).toBe('committed')
    expect(service.reloader.config.db.password).toBe('early')
  })

  it('asks the policies, and keeps to what they say', async () => {
    const policies = [
      (next: Config) => {
        if (next.db.password === 'weak') refuse('too weak')
      },
    ]
    const service = await startSecretService({ policies })
    service.vault.rotate('weak')
    await service.clock.advance(2_000)
    expect(failureOf(service.records.at(-1))).toMatchObject({ code: 'policy.refused', detail: 'policy 1: too weak' })
    expect(service.records.at(-1)).toMatchObject({ trigger: 'secret', outcome: 'rejected' })
    expect(service.reloader.config.db.password).toBe('first-password')
  })

  it('is rolled back by a failed soak, and needs no confirmation', async () => {
    const checks = [
      (config: Config) => (config.db.password === 'bad' ? Promise.reject(new Error('unhealthy')) : undefined),
    ]
    const soak = { durationMs: 1_000, checks }
    const service = await startSecretService({ soak, confirm: { withinMs: 60_000 } })
    await service.clock.advance(2_000)
    service.vault.rotate('bad')
    await service.clock.advance(2_500)
    expect(outcomesOf(service)).toEqual(['start committed', 'secret rolled-back'])
    service.vault.rotate('good')
    await service.clock.advance(4_000)
    expect(outcomesOf(service).at(-1)).toBe('secret committed')
    expect(service.reloader.config.db.password).toBe('good')
  })

  it('does not give way to the document that serves, when the source delivers that again in its soak', async () => {
    const service = await startSecretService({ soak: { durationMs: 10_000 } })
    await service.clock.advance(11_000)
    service.vault.rotate('second-password')
    await service.clock.advance(2_000)
    expect(service.reloader.status().state).toBe('soaking')
    service.source.put(documentOf({}, 5) as never)
    service.source.put(documentOf() as never)
    await service.clock.advance(60_000)
    expect(service.reloader.config.db).toEqual({ max: 1, password: 'second-password' })
    expect(outcomesOf(service)).not.toContain('secret superseded')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['returns no function', () => undefined],
    ['is asynchronous', () => Promise.reject(new Error('no'))],
  ])('is read at intervals if the watch of its provider %s, which is reported', async (_, watch) => {
    const vault = new FakeVault()
    const provider = { read: vault.read, watch: watch as never, refreshMs: 5_000 }
    const service = await startSecretService({ vault, secrets: { vault: provider } })
    expect(service.lines.join('\n')).toContain('secret.watch-failed')
    vault.secrets.set('db', 'second-password')
    await service.clock.advance(10_000)
    expect(service.reloader.config.db.password).toBe('second-password')
  })

  it('reaches what serves, if a document has read it that is then rolled back', async () => {
    const prepare = ({ max }: { max: number }) => {
      if (max === 2) throw new Error('too many')
    }
    const service = await startSecretService({ prepare })
    service.vault.secrets.set('db', 'silent') // its provider says nothing
    service.source.put(documentOf({}, 2) as never)
    await service.clock.advance(2_000)
    expect(outcomesOf(service)).toEqual(['start committed', 'change rolled-back', 'secret committed'])
    expect(service.reloader.config.db).toEqual({ max: 1, password: 'silent' })
  })

  it('never goes back to a value whose read began earlier and ended later', async () => {
    const answers: ((value: string) => void)[] = []
    let onChange = (): void => {}
    const provider: SecretProvider = {
      read: () => new Promise((resolve) => answers.push(resolve)),
      watch: (listener) => {
        onChange = listener
        return () => {}
      },
    }
    const service = createSecretService({ secrets: { vault: provider } })
    const started = service.reloader.start()
    await service.clock.advance(100)
    answers[0]?.('first')
    await service.clock.advance(100)
    await started
    onChange()
    await service.clock.advance(2_000)
    service.source.put(documentOf({}, 2) as never)
    await service.clock.advance(100)
    answers[2]?.('third')
    await service.clock.advance(100)
    answers[1]?.('second')
    await service.clock.advance(60_000)
    expect(answers).toHaveLength(3)
    expect(service.served).toEqual(['first', 'third'])
  })

  it('leaves nothing behind when the reloader closes', async () => {
    const service = await startSecretService()
    expect(service.vault.isWatched).toBe(true)
    service.vault.rotate('second-password')
    const closing = service.reloader.close()
    await service.clock.advance(30_000)
    await closing
    expect(service.vault.isWatched).toBe(false)
    const { length } = service.vault.reads
    service.vault.rotate('third-password')
    await service.clock.advance(600_000)
    expect(service.vault.reads.length).toBe(length)
    expect(failureOf(service.records.at(-1))).toBeUndefined()
  })
})
