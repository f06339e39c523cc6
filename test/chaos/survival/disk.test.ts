import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { ownFolder } from '../../persistence/children.ts'
import { useBundle } from '../../support/bundled-program.ts'
import { storedGoods, restart } from './restart.ts'
import { filesIn } from './service.ts'
import { publisher, superviseInTest } from './supervisor.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const { folder, make, remove } = ownFolder()
const program = useBundle(new URL('./service-process.ts', import.meta.url))

beforeAll(async () => {
  // The unprivileged service must be able to enter its folder.
  chmodSync(folder, 0o755)
})

afterAll(remove)

type Limits = { readonly uid?: number; readonly shell?: string }

const createPlace = (name: string) => {
  const inside = make(name)
  const storeFolder = dirname(filesIn(inside).goodFile)
  return {
    inside,
    storeFolder,
    publish: publisher(inside),
    run: ({ shell, ...settings }: Limits = {}) =>
      superviseInTest(program(), { folder: inside, soakMs: 20, ...settings }, shell),
    /** The stored files, byte for byte. */
    contents: (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(storeFolder)
          .sort()
          .map((file) => [file, readFileSync(join(storeFolder, file), 'latin1')]),
      ),
  }
}

type Place = ReturnType<typeof createPlace>
type Running = ReturnType<Place['run']>

const valuesIn = (inside: string): unknown[] => storedGoods(inside).map(({ text }) => JSON.parse(text).value)

/** Makes a place in which 1 has become good, by a service that has ended. */
const createUsedPlace = async (name: string): Promise<Place> => {
  const place = createPlace(name)
  place.publish({ value: 1 })
  const service = place.run()
  await service.until({ served: 1, goodCount: 1, state: 'committed' })
  expect(await service.stop()).toEqual({ code: 0, signal: null })
  return place
}

/** Expects that the service serves 2, and reports that it could not be stored. */
const expectInMemory = async (service: Running): Promise<void> => {
  const { codes, isGood } = await service.until({ served: 2, state: 'committed', lastError: 'persistence.failed' })
  expect(isGood).toBe(true)
  expect(codes).toContain('persistence.failed')
}

/** Expects that everything is stored without help, and that a service serves it from the disk alone. */
const expectHealed = async (service: Running, inside: string): Promise<void> => {
  await vi.waitFor(() => expect(valuesIn(inside)).toEqual([2, 1]), { timeout: 120_000, interval: 20 })
  const { pid } = service
  await vi.waitFor(async () => expect((await service.until({ served: 2 })).lastError).toBeUndefined(), {
    timeout: 120_000,
  })
  expect({ pid: service.pid, deaths: service.deaths }).toEqual({ pid, deaths: [] })
  expect(await service.stop()).toEqual({ code: 0, signal: null })
  const next = restart(inside, 'the disk alone')
  await next.untilServing()
  expect(next.served()).toBe(2)
  expect(next.codes.filter((code) => code.startsWith('persistence.'))).toEqual([])
  await next.reloader.close()
}

test('A service whose folder is missing reloads in memory, reports it, and stores everything once the folder exists', async () => {
  const { inside, storeFolder, publish, run } = createPlace('missing')
  rmdirSync(storeFolder)
  publish({ value: 1 })
  const service = run()
  await service.until({ served: 1, state: 'committed', lastError: 'persistence.failed' })
  publish({ value: 2 })
  await expectInMemory(service)
  publisher(inside)
  await expectHealed(service, inside)
})

test('A service whose folder is read-only reloads in memory, loses nothing, reports it, and recovers', async () => {
  const { inside, storeFolder, publish, run, contents } = await createUsedPlace('read-only')
  const { effects } = filesIn(inside)
  if (isRoot) {
    for (const file of readdirSync(storeFolder)) chownSync(join(storeFolder, file), NOBODY, NOBODY)
    for (const path of [storeFolder, dirname(effects), effects]) chownSync(path, NOBODY, NOBODY)
  }
  const before = contents()
  chmodSync(storeFolder, 0o555)
  const service = run({ uid: NOBODY })
  await service.until({ served: 1, state: 'committed' })
  publish({ value: 2 })
  await expectInMemory(service)
  expect(contents()).toEqual(before)
  chmodSync(storeFolder, 0o755)
  await expectHealed(service, inside)
})

/** A document for which there is no room. */
const large = { value: 2, pad: 'x'.repeat(48 * 1024) }

test('A service whose files may not grow (ulimit -f) reloads in memory, loses nothing, reports it, and recovers', async () => {
  const { inside, publish, run, contents } = await createUsedPlace('limited')
  const { good } = contents()
  const service = run({ shell: 'ulimit -c 0; ulimit -S -f 16' })
  await service.until({ served: 1, state: 'committed' })
  publish(large)
  await expectInMemory(service)
  expect(contents().good).toBe(good)
  expect(valuesIn(inside)[0]).toBe(1)
  execFileSync('prlimit', ['--pid', String(service.pid), '--fsize=unlimited'])
  await expectHealed(service, inside)
})

const mount = (inside: string): void => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=755', 'tmpfs', inside], { stdio: 'ignore' })
}

/** Returns true if this process may make a tiny file system. */
const mayMount = (): boolean => {
  const inside = make('mounts')
  try {
    mount(inside)
  } catch {
    return false
  }
  execFileSync('umount', [inside])
  return true
}

const tiny = mayMount() ? ['without room'] : []
console.log(`full disks: ulimit -f${tiny.length > 0 ? ', tmpfs' : ''}`)

test.each(tiny)('A service on a disk %s reloads in memory, loses nothing, reports it, and recovers', async () => {
  const place = createPlace('full')
  const { inside, storeFolder, publish, contents } = place
  mount(storeFolder)
  onTestFinished(() => void execFileSync('umount', [storeFolder]))
  publish({ value: 1 })
  const service = place.run()
  await service.until({ served: 1, goodCount: 1, state: 'committed' })
  const filler = join(storeFolder, 'filler')
  expect(() => {
    for (;;) writeFileSync(filler, 'x'.repeat(4096), { flag: 'a' })
  }).toThrow('ENOSPC')
  const before = contents()
  publish(large)
  await expectInMemory(service)
  expect(contents()).toEqual(before)
  unlinkSync(filler)
  await expectHealed(service, inside)
})
