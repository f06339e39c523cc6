import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { ownFolder } from '../../persistence/children.ts'
import { compileService } from './compiled.ts'
import { goodsIn, restart } from './restarts.ts'
import { filesIn } from './service.ts'
import { publisher, superviseHere } from './supervisor.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const { folder, make, remove } = ownFolder()
let program = ''

beforeAll(async () => {
  // The unprivileged service must get to its folder.
  chmodSync(folder, 0o755)
  program = await compileService(new URL('./service-process.ts', import.meta.url), join(folder, 'compiled'))
})

afterAll(remove)

type Limits = { readonly uid?: number; readonly shell?: string }

const createPlace = (name: string) => {
  const inside = make(name)
  const keptIn = dirname(filesIn(inside).kept)
  return {
    inside,
    keptIn,
    publish: publisher(inside),
    run: ({ shell, ...settings }: Limits = {}) =>
      superviseHere(program, { folder: inside, soakMs: 20, ...settings }, shell),
    /** What is kept, byte for byte. */
    contents: (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(keptIn)
          .sort()
          .map((file) => [file, readFileSync(join(keptIn, file), 'latin1')]),
      ),
  }
}

type Place = ReturnType<typeof createPlace>
type Running = ReturnType<Place['run']>

const valuesIn = (inside: string): unknown[] => goodsIn(inside).map(({ text }) => JSON.parse(text).value)

/** A place in which 1 has become good, by a service that is gone again. */
const createUsedPlace = async (name: string): Promise<Place> => {
  const place = createPlace(name)
  place.publish({ value: 1 })
  const service = place.run()
  await service.until({ served: 1, goods: 1, state: 'committed' })
  expect(await service.stop()).toEqual({ code: 0, signal: null })
  return place
}

/** The service has taken 2, and says that it could not be kept. */
const expectInMemory = async (service: Running): Promise<void> => {
  const { codes, isProved } = await service.until({ served: 2, state: 'committed', lastError: 'persistence.failed' })
  expect(isProved).toBe(true)
  expect(codes).toContain('persistence.failed')
}

/** All is kept by itself, and a service that has nothing but the disk serves it. */
const expectHealed = async (service: Running, inside: string): Promise<void> => {
  await vi.waitFor(() => expect(valuesIn(inside)).toEqual([2, 1]), { timeout: 120_000, interval: 20 })
  const { pid } = service
  await vi.waitFor(async () => expect((await service.until({ served: 2 })).lastError).toBeUndefined(), {
    timeout: 120_000,
  })
  expect({ pid: service.pid, deaths: service.deaths }).toEqual({ pid, deaths: [] })
  expect(await service.stop()).toEqual({ code: 0, signal: null })
  const next = restart(inside, 'the disk alone')
  await next.settled()
  expect(next.served()).toBe(2)
  expect(next.codes.filter((code) => code.startsWith('persistence.'))).toEqual([])
  await next.reloader.close()
}

test('A service whose folder is missing reloads in memory, says so, and keeps all once the folder is there', async () => {
  const { inside, keptIn, publish, run } = createPlace('missing')
  rmdirSync(keptIn)
  publish({ value: 1 })
  const service = run()
  await service.until({ served: 1, state: 'committed', lastError: 'persistence.failed' })
  publish({ value: 2 })
  await expectInMemory(service)
  publisher(inside)
  await expectHealed(service, inside)
})

test('A service whose folder is read-only reloads in memory, loses nothing, says so, and heals', async () => {
  const { inside, keptIn, publish, run, contents } = await createUsedPlace('read-only')
  const { effects } = filesIn(inside)
  if (isRoot) {
    for (const file of readdirSync(keptIn)) chownSync(join(keptIn, file), NOBODY, NOBODY)
    for (const path of [keptIn, dirname(effects), effects]) chownSync(path, NOBODY, NOBODY)
  }
  const before = contents()
  chmodSync(keptIn, 0o555)
  const service = run({ uid: NOBODY })
  await service.until({ served: 1, state: 'committed' })
  publish({ value: 2 })
  await expectInMemory(service)
  expect(contents()).toEqual(before)
  chmodSync(keptIn, 0o755)
  await expectHealed(service, inside)
})

/** A document for which there will be no room. */
const large = { value: 2, pad: 'x'.repeat(48 * 1024) }

test('A service whose files may not grow (ulimit -f) reloads in memory, loses nothing, says so, and heals', async () => {
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

/** True where this process may make a tiny file system of its own. */
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

const tiny = mayMount() ? ['with no room left'] : []
console.log(`full disks: ulimit -f${tiny.length > 0 ? ', tmpfs' : ''}`)

test.each(tiny)('A service on a disk %s reloads in memory, loses nothing, says so, and heals', async () => {
  const place = createPlace('full')
  const { inside, keptIn, publish, contents } = place
  mount(keptIn)
  onTestFinished(() => void execFileSync('umount', [keptIn]))
  publish({ value: 1 })
  const service = place.run()
  await service.until({ served: 1, goods: 1, state: 'committed' })
  const filler = join(keptIn, 'filler')
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
