import { SecretError, unsafeCause } from 'changeover'
import { describe, expect, it } from 'vitest'
import {
  createSecretService,
  documentOf,
  FakeVault,
  failureOf,
  outcomesOf,
  ref,
  startSecretService,
  unreachable,
} from './service.ts'

describe('References to secrets', () => {
  it('are read once for each secret, however many keys refer to it, and all at the same time', async () => {
    const vault = new FakeVault()
    for (const name of ['a', 'b']) vault.secrets.set(name, `value-${name}`)
    const extra = { one: ref('a'), two: ref('a'), three: ref('b'), four: ref('db'), five: ref('a') }
    const service = await startSecretService({ vault, document: documentOf({ extra }) })
    expect(vault.reads.sort()).toEqual(['a', 'b', 'db'])
    expect(service.reloader.config.extra).toEqual({
      one: 'value-a',
      two: 'value-a',
      three: 'value-b',
      four: 'first-password',
      five: 'value-a',
    })
  })

  it('are not read again for a document with the same text, and are for another one', async () => {
    const service = await startSecretService()
    const { source, vault, clock, reloader } = service
    source.put(documentOf() as never)
    const reloading = reloader.reload()
    await clock.advance(1_000)
    expect((await reloading).outcome).toBe('unchanged')
    expect(vault.reads).toEqual(['db'])
    source.put(documentOf({}, 2) as never)
    await clock.advance(1_000)
    expect(vault.reads).toEqual(['db', 'db'])
  })

  it('are read once in a transaction whose document is replaced by a newer one', async () => {
    const vault = new FakeVault()
    const service = await startSecretService({ vault })
    let release = (): void => {}
    vault.hanging.set(
      'slow',
      new Promise((resolve) => {
        release = resolve
      }),
    )
    vault.secrets.set('slow', 'slow-value')
    service.source.put(documentOf({ extra: { a: ref('slow') } }, 2) as never)
    await service.clock.advance(10)
    service.source.put(documentOf({ extra: { a: ref('slow') } }, 3) as never)
    await service.clock.advance(10)
    release()
    await service.clock.advance(100)
    expect(outcomesOf(service)).toEqual(['start committed', 'change committed'])
    expect(vault.reads).toEqual(['db', 'db', 'slow'])
  })

  it('may be answered at once, which costs no turn', async () => {
    const service = await startSecretService({ secrets: { vault: (name) => (name === 'db' ? 'at-once' : undefined) } })
    expect(service.reloader.config.db.password).toBe('at-once')
  })

  it('have no meaning without the option', async () => {
    const { secrets: _, ...rest } = { secrets: undefined }
    const service = createSecretService({ ...rest, secrets: undefined as never })
    const started = service.reloader.start().catch((error: unknown) => error)
    await service.clock.advance(100)
    expect(await started).toMatchObject({ code: 'schema.invalid' })
    expect(service.vault.reads).toEqual([])
  })

  it.each([
    ['an unknown provider', { $secret: 'nowhere:hunter2' }, 'there is no such provider; the option secrets has vault'],
    ['no colon', { $secret: 'hunter2' }, 'no colon'],
    ['no name', { $secret: 'vault:' }, 'the name of the secret of vault is empty'],
    ['a number', { $secret: 42 }, '$secret is not a string'],
    ['null', { $secret: null }, '$secret is not a string'],
    ['a list', { $secret: ['vault:db'] }, '$secret is not a string'],
    ['other keys', { $secret: 'vault:db', hunter2: 1 }, 'other keys stand beside $secret'],
    ['a name of control characters', { $secret: 'vault:a\u0000b' }, 'control characters'],
    ['a name with a space at its end', { $secret: 'vault:hunter2 ' }, 'spaces at an end'],
    ['a name without an end', { $secret: `vault:${'hunter2'.repeat(100)}` }, 'longer than 512'],
    ['a provider that every object has', { $secret: 'constructor:hunter2' }, 'there is no such provider'],
    ['another case', { $secret: 'Vault:hunter2' }, 'there is no such provider'],
  ])('that are malformed are refused at their path: %s', async (_, password, detail) => {
    const service = await startSecretService()
    service.source.put({ db: { max: 1, password } } as never)
    await service.clock.advance(1_000)
    const failure = failureOf(service.records.at(-1))
    expect(failure).toMatchObject({ code: 'secret.invalid', path: 'db.password', phase: 'validating' })
    expect(failure?.message).toContain(detail)
    expect(failure?.revision).toBe(service.records.at(-1)?.revision?.name)
    expect(`${JSON.stringify(service.records)}${service.lines.join()}`).not.toContain('hunter2')
    expect(service.vault.reads).toEqual(['db'])
    expect(service.reloader.status().quarantine).toEqual([])
  })

  it('names every malformed one', async () => {
    const service = await startSecretService()
    service.source.put({ db: { max: 1, password: { $secret: '1' } }, extra: { a: { $secret: 2 } } } as never)
    await service.clock.advance(1_000)
    const record = service.records.at(-1)
    expect(record !== undefined && 'failures' in record && record.failures.map(({ path }) => path)).toEqual([
      'db.password',
      'extra.*',
    ])
  })

  const http = (status: number) => Object.assign(new Error('hunter2'), { status })
  const coded = (code: string) => Object.assign(new Error('hunter2'), { code })
  const named = (name: string) => Object.assign(new Error('hunter2'), { name })
  it.each([
    ['ECONNREFUSED', coded('ECONNREFUSED'), 'secret.unreachable', 'ECONNREFUSED'],
    ['an unknown error', new Error('hunter2'), 'secret.unreachable', undefined],
    ['a text', 'hunter2', 'secret.unreachable', undefined],
    ['ENOENT', coded('ENOENT'), 'secret.missing', 'ENOENT'],
    ['EACCES', coded('EACCES'), 'secret.denied', 'EACCES'],
    ['EACCES as a cause', new Error('a', { cause: coded('EACCES') }), 'secret.denied', 'EACCES'],
    ['HTTP 404', http(404), 'secret.missing', 'HTTP_404'],
    ['HTTP 401', http(401), 'secret.denied', 'HTTP_401'],
    [
      'HTTP 403 of a response',
      Object.assign(new Error('hunter2'), { response: { status: 403 } }),
      'secret.denied',
      'HTTP_403',
    ],
    [
      'HTTP 400 of AWS',
      Object.assign(named('ResourceNotFoundException'), { $metadata: { httpStatusCode: 400 } }),
      'secret.missing',
      'HTTP_400',
    ],
    ['HTTP 503', http(503), 'secret.unreachable', 'HTTP_503'],
    ['HTTP 429', http(429), 'secret.unreachable', 'HTTP_429'],
    ['a status that is none', http(4711), 'secret.unreachable', undefined],
    ['gRPC NOT_FOUND', Object.assign(new Error('hunter2'), { code: 5, details: 'x' }), 'secret.missing', 'NOT_FOUND'],
    [
      'gRPC PERMISSION_DENIED',
      Object.assign(new Error('hunter2'), { code: 7, details: 'x' }),
      'secret.denied',
      'PERMISSION_DENIED',
    ],
    [
      'gRPC UNAVAILABLE',
      Object.assign(new Error('hunter2'), { code: 14, details: 'x' }),
      'secret.unreachable',
      'UNAVAILABLE',
    ],
    ['an AccessDeniedException', named('AccessDeniedException'), 'secret.denied', undefined],
    ['a SecretError', new SecretError('secret.denied', coded('ETIMEDOUT')), 'secret.denied', 'ETIMEDOUT'],
    [
      'a SecretError with a forged code',
      Object.assign(new SecretError('secret.denied'), { code: 'hunter2' }),
      'secret.unreachable',
      undefined,
    ],
  ] as const)(
    'whose read fails are rejected with provider, name, path, revision and cause: %s',
    async (_, error, code, cause) => {
      const service = await startSecretService()
      const { vault, source, clock, records, reloader } = service
      vault.failing.set('other', error)
      source.put(documentOf({ extra: { a: ref('other') } }) as never)
      await clock.advance(500)
      const failure = failureOf(records[1])
      expect(records[1]?.outcome).toBe('rejected')
      expect(failure).toMatchObject({
        code,
        path: 'extra.*',
        phase: 'validating',
        revision: records[1]?.revision?.name,
      })
      expect(failure?.message).toContain('secret "other" of vault')
      expect(failure?.cause?.code).toBe(cause)
      expect(failure === undefined ? undefined : unsafeCause(failure)).toBe(error)
      expect(`${JSON.stringify(records)}${service.lines.join()}${JSON.stringify(reloader.status())}`).not.toContain(
        'hunter2',
      )
      expect(reloader.config.db.max).toBe(1)
      vault.failing.clear()
      vault.secrets.set('other', 'found')
      await clock.advance(120_000)
      expect(outcomesOf(service).at(-1)).toBe('quarantine-expired committed')
      expect(reloader.config.extra).toEqual({ a: 'found' })
    },
  )

  it.each([
    ['undefined', undefined, 'secret.missing'],
    ['an empty text', '', 'secret.missing'],
    ['an empty value', { value: '' }, 'secret.missing'],
    ['a number', 7 as never, 'secret.invalid'],
    ['bytes', new Uint8Array([1]) as never, 'secret.invalid'],
    ['half a character', '\ud800', 'secret.invalid'],
    ['too much', 'x'.repeat(1_048_577), 'secret.invalid'],
    [
      'a getter that throws',
      Object.defineProperty({}, 'value', {
        get: () => {
          throw new Error('hunter2')
        },
      }) as never,
      'secret.invalid',
    ],
  ])('whose answer is %s are rejected, and tried again', async (_, answer, code) => {
    const service = await startSecretService()
    const { vault, source, clock, records } = service
    vault.secrets.set('other', answer)
    source.put(documentOf({ extra: { a: ref('other') } }) as never)
    await clock.advance(500)
    expect(failureOf(records[1])).toMatchObject({ code, path: 'extra.*' })
    vault.rotate('found', 'other')
    await clock.advance(3_000)
    expect(outcomesOf(service).at(-1)).toBe('quarantine-expired committed')
  })

  it('are resolved all or none: one that fails keeps the rest from being used', async () => {
    const service = await startSecretService()
    const { vault, source, clock, records, reloader } = service
    vault.failing.set('a', unreachable())
    vault.secrets.set('b', 'value-b')
    source.put(documentOf({ extra: { a: ref('a'), b: ref('b'), c: ref('missing') } }) as never)
    await clock.advance(500)
    const failures = records[1] !== undefined && 'failures' in records[1] ? records[1].failures : []
    expect(failures.map(({ code }) => code)).toEqual(['secret.missing', 'secret.unreachable'])
    expect(reloader.config.extra).toBeUndefined()
  })

  it('that fail all together are listed up to twenty', async () => {
    const service = await startSecretService()
    service.vault.failing.set('all', unreachable())
    const warnings: unknown[] = []
    const note = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', note)
    const extra = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, ref(`n${index}`)]))
    service.source.put(documentOf({ extra }) as never)
    await service.clock.advance(500)
    const record = service.records.at(-1)
    expect(record !== undefined && 'failures' in record && record.failures.length).toBe(20)
    service.vault.failing.clear()
    for (let index = 0; index < 500; index++) service.vault.secrets.set(`n${index}`, `value-${index}`)
    await service.clock.advance(120_000)
    service.vault.onChange() // all are read at the same time
    await service.clock.advance(10_000)
    process.off('warning', note)
    expect(Object.keys(service.reloader.config.extra ?? {})).toHaveLength(500)
    expect(warnings).toEqual([])
  })

  it('that hang are given up at the deadline, with their signals aborted, and are not asked without end', async () => {
    const service = await startSecretService({ deadlines: { secretMs: 2_000 } })
    const { vault, source, clock, records } = service
    vault.hanging.set('slow', new Promise(() => {}))
    source.put(documentOf({ extra: { a: ref('slow') } }) as never)
    await clock.advance(2_500)
    expect(failureOf(records[1])?.message).toContain('secret "slow" of vault: deadlines.secretMs: 2000 ms')
    expect(vault.signals.at(-1)?.aborted).toBe(true)
    await clock.advance(600_000)
    expect(vault.reads.filter((name) => name === 'slow')).toHaveLength(3)
  })

  it('that cannot be read are asked for at most once a second, whatever asks', async () => {
    const service = await startSecretService()
    const { vault, source, clock, reloader } = service
    vault.failing.set('all', unreachable())
    for (let max = 2; max < 40; max++) {
      source.put(documentOf({}, max) as never)
      vault.onChange()
      await clock.advance(250)
      if (reloader.status().waiting?.reason === 'quarantine') reloader.retry().catch(() => {})
    }
    expect(vault.reads.length).toBeLessThanOrEqual(1 + 10)
    vault.failing.clear()
    await clock.advance(20_000)
    expect(reloader.config.db.max).toBe(39)
  })

  it('end with the transaction: a close aborts the signal of a read', async () => {
    const service = await startSecretService()
    service.vault.hanging.set('slow', new Promise(() => {}))
    service.source.put(documentOf({ extra: { a: ref('slow') } }) as never)
    await service.clock.advance(100)
    const closing = service.reloader.close()
    await service.clock.advance(100)
    expect(service.vault.signals.at(-1)?.aborted).toBe(true)
    await service.clock.advance(30_000)
    await closing
  })

  it('are read by a dry run, which tells nobody of a new value', async () => {
    const service = await startSecretService()
    const { vault, clock, reloader } = service
    vault.secrets.set('db', 'second-password')
    const planning = reloader.plan(JSON.stringify(documentOf({}, 2)))
    await clock.advance(100)
    expect(await planning).toMatchObject({ verdict: 'changes', modules: [{ module: 'db', change: 'replace' }] })
    await clock.advance(60_000)
    expect(outcomesOf(service)).toEqual(['start committed'])
    vault.failing.set('all', unreachable())
    const failing = reloader.plan(JSON.stringify(documentOf({}, 3)))
    await clock.advance(100)
    expect(await failing).toMatchObject({ verdict: 'rejected', failures: [{ code: 'secret.unreachable' }] })
  })

  it('give a number to a schema that makes one of a text', async () => {
    const vault = new FakeVault()
    vault.secrets.set('port', '5432')
    const service = await startSecretService({ vault, document: documentOf({ port: ref('port') }) })
    expect(service.reloader.config.port).toBe(5432)
  })

  it.each([
    ['an array', []],
    ['a number as provider', { vault: 1 }],
    ['no read', { vault: {} }],
    ['a watch that is none', { vault: { read: (): string => 'a', watch: true } }],
    ['a refreshMs below a second', { vault: { read: (): string => 'a', refreshMs: 10 } }],
    ['a colon in a name', { 'va:ult': () => 'a' }],
    ['an empty name', { '': () => 'a' }],
  ])('need providers of the right shape: %s', (_, secrets) => {
    expect(() => createSecretService({ secrets: secrets as never })).toThrow(
      expect.objectContaining({ code: 'reloader.invalid-option' }),
    )
  })
})
