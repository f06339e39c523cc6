import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileSource } from '../../../src/sources/file/index.ts'
import { Stabilizer } from '../../../src/files/stabilizer.ts'
import { createVirtualClock } from '../../../src/testing/index.ts'
import { followOpened, never, SOON, type Followed } from '../follow.ts'

const half = 'db:\n  host: primary\n'
const whole = `${half}  max: 10\nlog: debug\n`

describe('A file whose beginning is a document of its own', () => {
  let folder: string
  let followed: Followed | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changeover-settle-'))
  })
  afterEach(async () => {
    await followed?.stop()
    await rm(folder, { recursive: true })
  })

  /** Follows a file of this name; the clock stands still. */
  const follow = async (name: string) => {
    const clock = createVirtualClock()
    const path = join(folder, name)
    await writeFile(path, 'log: info\n')
    const source = fileSource({ path, clock, pollMs: 3_600_000 })
    const { revision } = await source.read(never)
    followed = await followOpened(source, revision)
    const { texts } = followed
    const settles = (): Promise<void> => expect.poll(() => clock.pending() > 0, SOON).toBe(true)
    /** Lets time pass in small steps; the source has looked at the file after each. */
    const pass = async (ms: number): Promise<void> => {
      for (let spent = 0; spent < ms; spent += 50) {
        await clock.advance(50)
        await settles()
      }
    }
    const reports = async (text: string): Promise<void> => {
      await expect
        .poll(async () => {
          await clock.advance(50)
          return texts().at(-1)
        }, SOON)
        .toBe(text)
    }
    return { clock, path, source, texts, settles, pass, reports }
  }

  it.each(['config.yaml', 'config.yml', 'config.toml', 'app.properties', '.env', 'config'])(
    'is reported only when it is whole, if its name is %s and the writer pauses for less than 500 ms',
    async (name) => {
      const { path, texts, settles, pass, reports } = await follow(name)
      await writeFile(path, '')
      await settles()
      for (const piece of whole.match(/[^\n]*\n/g) ?? []) {
        await appendFile(path, piece)
        await pass(300)
      }
      await reports(whole)
      expect(texts()).toEqual([whole])
    },
  )

  it('is reported once it has been quiet for 500 ms', async () => {
    const { clock, path, texts, settles, reports } = await follow('config.yaml')
    await writeFile(path, half)
    await settles()
    await clock.advance(450)
    expect(texts()).toEqual([])
    await reports(half)
  })

  it('is reported while it is written all the time, as is a file that is truncated all the time', async () => {
    const { clock, path, texts, settles } = await follow('config.yaml')
    await writeFile(path, half)
    await settles()
    for (let n = 0; texts().length === 0; n++) {
      await expect.poll(() => clock.pending() > 0 || texts().length > 0, SOON).toBe(true)
      if (n % 2 === 0) await appendFile(path, `# ${n}\n`)
      else await truncate(path, half.length)
      await clock.advance(500)
      expect(clock.monotonic()).toBeLessThan(10_000)
    }
  })
})

describe('The stabilizer', () => {
  const look = (digest: string, change: object = {}) => ({
    digest,
    stamp: digest,
    modifiedAt: Date.UTC(2040, 0, 1),
    isTorn: false,
    isAbsent: false,
    ...change,
  })

  /** Reads with a deadline, as the reloader does; the content is that of `at` at this time. */
  const create = (settleMs: number, at: (ms: number) => ReturnType<typeof look>) => {
    const clock = createVirtualClock()
    const stabilizer = new Stabilizer({ clock, settleMs })
    return {
      clock,
      read: async (deadlineMs: number): Promise<string | undefined> => {
        const controller = new AbortController()
        let found: string | undefined
        void stabilizer
          .read(async () => at(clock.monotonic()), 'known', controller.signal)
          .then(({ digest }) => {
            if (!controller.signal.aborted) found = digest
          })
        await clock.advance(deadlineMs)
        controller.abort()
        await clock.advance(0)
        expect(clock.pending()).toBe(0)
        return found
      },
    }
  }

  it('goes on waiting where a read that was given up has ended, so that short deadlines hold nothing back', async () => {
    const { read } = create(5_000, () => look('new'))
    expect(await read(3_000)).toBeUndefined()
    expect(await read(3_000)).toBe('new')
  })

  it('reports that a file is gone within the deadline of a read, however long it settles', async () => {
    const { read } = create(1_000, () => look('gone', { isAbsent: true }))
    expect(await read(5_000)).toBe('gone')
  })

  it('does not take a file that changed while nobody looked for one that was written all the time', async () => {
    const { clock, read } = create(500, (ms) => look(ms < 60_000 ? 'first' : ms < 60_300 ? 'half' : 'whole'))
    expect(await read(100)).toBeUndefined()
    await clock.advance(59_900 - clock.monotonic() + 100)
    expect(await read(5_000)).toBe('whole')
  })

  it('does not trust the times of the file once something is known: the clock of a file server differs', async () => {
    const { read } = create(500, (ms) => look(ms < 300 ? 'half' : 'whole', { modifiedAt: 0 }))
    expect(await read(5_000)).toBe('whole')
  })

  it('waits for the same content under other times, as a writer leaves that writes equal pieces', async () => {
    const { read } = create(100, (ms) => look(ms < 250 ? 'same' : 'whole', { stamp: `${Math.min(ms, 250)}` }))
    expect(await read(5_000)).toBe('whole')
  })

  it('reports what it has after 4 s of steady writing', async () => {
    const { read } = create(500, (ms) => look(`at ${ms}`))
    expect(await read(4_400)).toBe('at 4000')
  })
})
