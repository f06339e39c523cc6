import { mkdir, mkdtemp, rename, rm, symlink, writeFile, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader, type ReloaderOptions, type TransactionRecord } from 'changeover'
import { secretEnv, secretFiles } from 'changeover/secrets'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { createSecretFiles } from '../../src/secrets/providers/secret-files.ts'
import { failureOf } from './service.ts'

const NOBODY = 65_534

const SOON = { timeout: 20_000, interval: 10 }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Writes the files of a Secret as the kubelet does: into a new folder, to which `..data` is then swapped. */
const publish = async (revision: number, files: Readonly<Record<string, string>>): Promise<void> => {
  const data = `..2026_${revision}`
  await mkdir(join(folder, data))
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, data, name), text)
    await symlink(join('..data', name), join(folder, name)).catch(() => {})
  }
  await symlink(data, join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
}

const Config = z.strictObject({ user: z.string(), password: z.string() })
const refs = { user: { $secret: 'file:user' }, password: { $secret: 'file:password' } }

const serve = async (
  secrets: NonNullable<ReloaderOptions<z.infer<typeof Config>>['secrets']>,
  document: object = refs,
) => {
  const source = memorySource(document as never)
  const reloader = createReloader({ source, schema: Config, secrets, quarantine: { minMs: 50, maxMs: 100 } })
  const records: TransactionRecord[] = []
  void (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  onTestFinished(() => reloader.close())
  await reloader.start()
  return { reloader, records, source }
}

describe('Secrets in files', () => {
  it('are taken from a Secret that Kubernetes mounts, and follow it when it is swapped', async () => {
    await publish(1, { user: 'app\n', password: 'one\n' })
    const { reloader, records } = await serve({ file: secretFiles(folder) })
    expect(reloader.config).toEqual({ user: 'app', password: 'one' })
    for (const [index, password] of ['two', 'three', 'four'].entries()) {
      await publish(index + 2, { user: 'app\n', password: `${password}\n` })
      await expect.poll(() => reloader.config.password, SOON).toBe(password)
    }
    expect(records.slice(1).map(({ trigger, outcome }) => `${trigger} ${outcome}`)).toEqual(
      new Array(3).fill('secret committed'),
    )
  })

  it('are followed when they are renamed over, rewritten in place, or deleted and written again', async () => {
    await publish(1, { user: 'app' })
    const file = join(folder, 'password')
    await writeFile(file, 'one')
    const { reloader } = await serve({ file: secretFiles(folder, { settleMs: 20 }) })
    await writeFile(join(folder, 'new'), 'two')
    await rename(join(folder, 'new'), file)
    await expect.poll(() => reloader.config.password, SOON).toBe('two')
    await writeFile(file, 'three')
    await expect.poll(() => reloader.config.password, SOON).toBe('three')
    await rm(file)
    await writeFile(file, 'four')
    await expect.poll(() => reloader.config.password, SOON).toBe('four')
  })

  it('are found by the poll, if the system reports nothing', async () => {
    await writeFile(join(folder, 'user'), 'app')
    await writeFile(join(folder, 'password'), 'one')
    const file = createSecretFiles(folder, { pollMs: 20, settleMs: 0 }, () => {
      throw Object.assign(new Error('no watch is left'), { code: 'ENOSPC' })
    })
    const { reloader } = await serve({ file })
    await writeFile(join(folder, 'password'), 'a longer one')
    await expect.poll(() => reloader.config.password, SOON).toBe('a longer one')
  })

  it('are not read again for a change that the last read has already seen', async () => {
    const path = join(folder, 'password')
    await writeFile(path, 'one')
    // A clock behind that of the files: none of them looks old.
    const clock = { ...createVirtualClock(), now: () => 0 }
    const noWatcher = () => {
      throw Object.assign(new Error('no watch is left'), { code: 'ENOSPC' })
    }
    const file = createSecretFiles(folder, { pollMs: 1_000, settleMs: 100, clock }, noWatcher)
    const { signal } = new AbortController()
    const reading = Promise.resolve(file.read('password', { signal } as never))
    await expect.poll(() => clock.pending(), SOON).toBe(1)
    await writeFile(path, 'another one')
    let isRead = false
    void reading.then(() => {
      isRead = true
    })
    await expect.poll(() => clock.advance(20).then(() => isRead), SOON).toBe(true)
    expect(await reading).toMatchObject({ value: 'another one' })
    const noticed: (string | undefined)[] = []
    const stop = file.watch?.((name) => noticed.push(name))
    // The first look ends when the watcher waits for the poll.
    await expect.poll(() => clock.pending(), SOON).toBe(1)
    expect(noticed).toEqual([])
    await writeFile(path, 'a third one')
    await expect.poll(() => clock.advance(1_000).then(() => noticed), SOON).toEqual(['password'])
    stop?.()
  })

  it.each([{ settleMs: -1 }, { settleMs: Number.NaN }, { pollMs: 0 }, { pollMs: '5' as never }])(
    'are refused with the option %j',
    (options) => {
      expect(() => secretFiles(folder, options)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
    },
  )

  it('serve two reloaders by one provider', async () => {
    await publish(1, { user: 'app', password: 'one' })
    const file = secretFiles(folder)
    const services = [await serve({ file }), await serve({ file })]
    await publish(2, { user: 'app', password: 'two' })
    for (const { reloader } of services) await expect.poll(() => reloader.config.password, SOON).toBe('two')
  })

  it.each([
    ['without a line break', 'a', 'a'],
    ['with one', 'a\n', 'a'],
    ['with one of Windows', 'a\r\n', 'a'],
    ['with two, of which one belongs to it', 'a\n\n', 'a\n'],
    ['with spaces, which belong to it', ' a ', ' a '],
    ['with many lines', 'a\nb\n', 'a\nb'],
    ['with a mark of its byte order', '\uFEFFa', 'a'],
  ])('are read %s', async (_, written, read) => {
    await publish(1, { user: 'app', password: written })
    const { reloader } = await serve({ file: secretFiles(folder) })
    expect(reloader.config.password).toBe(read)
  })

  it.each([
    ['../password', 'secret.invalid'],
    ['..', 'secret.invalid'],
    ['.', 'secret.invalid'],
    ['a/../../password', 'secret.invalid'],
    ['/etc/passwd', 'secret.invalid'],
    ['..data/password', 'secret.invalid'],
    ['a//b', 'secret.invalid'],
    ['a\\b', 'secret.invalid'],
    ['folder', 'secret.invalid'],
    ['latin1', 'secret.invalid'],
    ['huge', 'secret.invalid'],
    ['x'.repeat(300), 'secret.invalid'],
    ['empty', 'secret.missing'],
    ['line-break', 'secret.missing'],
    ['nothing', 'secret.missing'],
    ['user/below', 'secret.missing'],
  ])('that cannot be used are refused: %s', async (name, code) => {
    await publish(1, { user: 'app', password: 'one' })
    await mkdir(join(folder, 'folder'))
    await writeFile(join(folder, 'latin1'), Buffer.from([0xe9, 0x21]))
    await writeFile(join(folder, 'huge'), 'x'.repeat(1_048_577))
    await writeFile(join(folder, 'empty'), '')
    await writeFile(join(folder, 'line-break'), '\n')
    const { reloader, records, source } = await serve({ file: secretFiles(folder) })
    source.put({ ...refs, password: { $secret: `file:${name}` } } as never)
    await expect.poll(() => records.length, SOON).toBeGreaterThan(1)
    expect(failureOf(records[1])).toMatchObject({ code, path: 'password' })
    expect(failureOf(records[1])?.message).toContain(`secret "${name}" of file`)
    expect(reloader.config.password).toBe('one')
  })

  it('that may not be read are denied', async () => {
    await writeFile(join(folder, 'password'), 'one')
    await chmod(join(folder, 'password'), 0)
    await writeFile(join(folder, 'user'), 'app')
    await chmod(folder, 0o755)
    // The superuser may read everything.
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(NOBODY)
    try {
      await expect(serve({ file: secretFiles(folder) })).rejects.toMatchObject({
        code: 'secret.denied',
        failures: [{ cause: { code: 'EACCES' } }],
      })
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })

  it('may lie in folders below, and appear after the document that refers to them', async () => {
    await publish(1, { user: 'app', password: 'one' })
    const { reloader, source, records } = await serve({ file: secretFiles(folder) })
    source.put({ ...refs, password: { $secret: 'file:db/password' } } as never)
    await expect.poll(() => records.length, SOON).toBeGreaterThan(1)
    expect(failureOf(records[1])).toMatchObject({ code: 'secret.missing', cause: { code: 'ENOENT' } })
    await mkdir(join(folder, 'db'))
    await writeFile(join(folder, 'db', 'password'), 'two')
    await expect.poll(() => reloader.config.password, SOON).toBe('two')
  })

  it.each([[''], [7], [undefined], ['a\0b'], [new URL('http://localhost/')]])('need a folder: %s', (given) => {
    expect(() => secretFiles(given as string)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })
})

describe('Secrets in the environment', () => {
  const document = { user: { $secret: 'env:USER_NAME' }, password: { $secret: 'env:PASSWORD' } }

  it('are read by their names, behind a prefix', async () => {
    const env = { APP_USER_NAME: 'app', APP_PASSWORD: 'one', PASSWORD: 'not this' }
    const { reloader } = await serve({ env: secretEnv({ prefix: 'APP_', env }) }, document)
    expect(reloader.config).toEqual({ user: 'app', password: 'one' })
  })

  it('are those of the process unless others are given', async () => {
    process.env.CHANGEOVER_TEST_USER_NAME = 'app'
    process.env.CHANGEOVER_TEST_PASSWORD = 'one'
    onTestFinished(() => {
      delete process.env.CHANGEOVER_TEST_USER_NAME
      delete process.env.CHANGEOVER_TEST_PASSWORD
    })
    const { reloader } = await serve({ env: secretEnv({ prefix: 'CHANGEOVER_TEST_' }) }, document)
    expect(reloader.config.password).toBe('one')
  })

  it.each([
    ['that are not set', {}],
    ['that are empty', { PASSWORD: '' }],
    ['that every object has', Object.create({ PASSWORD: 'inherited' })],
  ])('%s are missing', async (_, env: Record<string, string>) => {
    env.USER_NAME = 'app'
    await expect(serve({ env: secretEnv({ env }) }, document)).rejects.toMatchObject({
      code: 'secret.missing',
      failures: [{ path: 'password' }],
    })
  })

  it.each([{ prefix: 7 }, { env: 'a' }])('need options of the right shape: %o', (given) => {
    expect(() => secretEnv(given as never)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })
})
