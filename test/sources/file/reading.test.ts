import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileSource } from '../../../src/sources/file/index.ts'
import { MAX_BYTES } from '../../../src/files/read-file.ts'
import type { ReadResult, Source } from '../../../src/api/source.ts'
import { createVirtualClock } from '../../../src/testing/fakes/virtual-clock.ts'
import { never, SOON, textOf } from '../follow.ts'
import { useChild } from './run-child.ts'

const runChild = useChild()

describe('The file source', () => {
  let folder: string
  let path: string
  let source: Source

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changeover-file-'))
    await chmod(folder, 0o755)
    path = join(folder, 'config.json')
    source = fileSource({ path })
  })
  afterEach(async () => {
    await source.close?.()
    await rm(folder, { recursive: true })
  })

  it('counts revisions from 1, under a lineage of its source', async () => {
    await writeFile(path, '{}')
    const other = fileSource({ path })
    const first = await source.read(never)
    const second = await other.read(never)
    expect(first.revision).toMatchObject({ order: 1, name: '#1' })
    expect(second.revision).toMatchObject({ order: 1, name: '#1' })
    expect(first.revision.lineage).not.toBe(second.revision.lineage)
  })

  it('does not count a write of the same content, a touch, or a replacement with the same content', async () => {
    await writeFile(path, '{"n":1}')
    const first = await source.read(never)
    await writeFile(path, '{"n":1}')
    await utimes(path, 1, 1)
    await writeFile(`${path}.new`, '{"n":1}')
    await rename(`${path}.new`, path)
    expect((await source.read(never)).revision).toEqual(first.revision)
  })

  it('finds missing if the file, its folder or the target of a link does not exist, or if its folder is a file', async () => {
    await symlink('nowhere', join(folder, 'dangling'))
    await writeFile(path, '{}')
    for (const gone of ['none.json', 'none/config.json', 'dangling', 'config.json/config.json']) {
      expect((await fileSource({ path: join(folder, gone) }).read(never)).kind).toBe('missing')
    }
  })

  it('accepts a relative path and a file URL, and shows the absolute path as its endpoint', async () => {
    await writeFile(path, '{"n":1}')
    for (const given of [relative(process.cwd(), path), pathToFileURL(path)]) {
      const same = fileSource({ path: given })
      expect(same.endpoint).toBe(path)
      expect(textOf(await same.read(never))).toBe('{"n":1}')
    }
  })

  it('refuses invalid options', () => {
    const wrong = [
      { path: '' },
      { path: 'a\0b' },
      { path: new URL('http://127.0.0.1/config.json') },
      { path, pollMs: 0 },
      { path, pollMs: Number.NaN },
      { path, settleMs: -1 },
      { path, settleMs: 2 ** 31 },
    ]
    for (const options of wrong) {
      expect(() => fileSource(options)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
    }
  })

  it('fails without hanging if the path leads to a folder, a pipe, a socket or a device', async () => {
    const pipe = join(folder, 'pipe')
    const socket = join(folder, 'socket')
    execFileSync('mkfifo', [pipe])
    const server = createServer().listen(socket)
    await once(server, 'listening')
    for (const odd of [folder, pipe, socket, '/dev/zero', '/dev/tty']) {
      await expect(fileSource({ path: odd }).read(never)).rejects.toMatchObject({ code: 'source.failed' })
    }
    server.close()
  })

  it('finds a malformed document if the file is larger than 64 MiB, however large it is', async () => {
    await writeFile(path, '')
    await truncate(path, 100 * 1024 ** 3) // 100 GiB, all of it a hole
    expect(await source.read(never)).toMatchObject({ kind: 'malformed', code: 'document.too-large' })
    await truncate(path, MAX_BYTES)
    const reading = await source.read(never)
    expect(reading.kind === 'document' && reading.content.length).toBe(MAX_BYTES)
    await truncate(path, MAX_BYTES + 1)
    expect(await source.read(never)).toMatchObject({ kind: 'malformed', code: 'document.too-large' })
  })

  it('finds the content of files that have no size', async () => {
    const reading = await fileSource({ path: '/proc/self/status' }).read(never)
    expect(textOf(reading)).toContain('VmSize:')
  })

  it('reads nothing without the permission for the file or its folder', async () => {
    await writeFile(path, '{}')
    expect(await runChild('read', path)).toEqual({ code: 0, lines: [{ kind: 'document', name: '#1' }] })
    await chmod(path, 0)
    expect(await runChild('read', path)).toEqual({ code: 0, lines: [{ code: 'source.denied' }] })
    await chmod(path, 0o644)
    await chmod(folder, 0o600)
    // As root, the child runs as another account; otherwise it lacks `x` on its own folder.
    expect(await runChild('read', path)).toEqual({ code: 0, lines: [{ code: 'source.denied' }] })
    await chmod(folder, 0o755)
  })

  it('waits for a writer that has emptied the file, and finds what it writes next', async () => {
    await writeFile(path, '{"n":1}')
    await source.read(never)
    await writeFile(path, '')
    const result = source.read(never)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await writeFile(path, '{"n":2}')
    expect(textOf(await result)).toBe('{"n":2}')
  })

  it('waits for a writer that writes in pieces', async () => {
    const patient = fileSource({ path, settleMs: 500 })
    const writer = spawn(process.execPath, ['-e', pieces(path)], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(writer.stdout, 'data')
    expect(textOf(await patient.read(never))).toBe('0123456789')
  })

  it('does not wait if the file was written some time ago, or if its content is known', async () => {
    const clock = createVirtualClock() // never advances: a wait on it never ends
    const stopped = fileSource({ path, clock })
    await writeFile(path, '{"n":1}')
    await utimes(path, 1_000, 1_000)
    expect(textOf(await stopped.read(never))).toBe('{"n":1}')
    await utimes(path, new Date(clock.now()), new Date(clock.now()))
    expect(textOf(await stopped.read(never))).toBe('{"n":1}')
    expect((await fileSource({ path: join(folder, 'none'), clock }).read(never)).kind).toBe('missing')
    expect(clock.pending()).toBe(0)
  })

  it('finds a file that is written all the time after twenty times settleMs', async () => {
    const clock = createVirtualClock()
    const restless = fileSource({ path, clock, settleMs: 100 })
    let reading: ReadResult | undefined
    const later = new Date(clock.now() + 60_000)
    await writeFile(path, '{"n":0}')
    await utimes(path, later, later)
    void restless.read(never).then((found) => {
      reading = found
    })
    for (let n = 1; reading === undefined; n++) {
      await expect.poll(() => clock.pending() > 0 || reading !== undefined, SOON).toBe(true)
      await writeFile(path, `{"n":${n}}`)
      await utimes(path, later, later)
      await clock.advance(100)
    }
    expect(clock.monotonic()).toBeGreaterThanOrEqual(1_900)
    expect(clock.monotonic()).toBeLessThanOrEqual(2_100)
  })

  it('stops waiting as soon as no caller waits for the read', async () => {
    const clock = createVirtualClock()
    const waiting = fileSource({ path, clock })
    await writeFile(path, '')
    const controller = new AbortController()
    const reading = waiting.read(controller.signal)
    reading.catch(() => undefined)
    await expect.poll(() => clock.pending(), SOON).toBe(1)
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'source.timeout' })
    expect(clock.pending()).toBe(0)
  })

  it('finds in each read what was there after the read was requested', async () => {
    for (let n = 0; n < 20; n++) {
      const earlier = source.read(never)
      await writeFile(`${path}.new`, `{"n":${n}}`)
      await rename(`${path}.new`, path)
      expect(textOf(await source.read(never))).toBe(`{"n":${n}}`)
      await earlier
    }
  })

  it('keeps the content out of its errors and revisions, and out of itself', async () => {
    await writeFile(path, '{"password":"hunter2"}')
    const { revision } = await source.read(never)
    await rm(path)
    await mkdir(path)
    const error: unknown = await source.read(never).catch((thrown: unknown) => thrown)
    expect(JSON.stringify([revision, error, String(error), source])).not.toContain('hunter2')
  })
})

/** A slow writer of ten bytes that prints when it has begun. */
const pieces = (path: string): string => `
  const fs = require('fs')
  const file = fs.openSync(${JSON.stringify(path)}, 'w')
  let n = 0
  const next = () => {
    fs.writeSync(file, String(n++))
    if (n === 1) console.log('begun')
    if (n < 10) setTimeout(next, 20)
  }
  next()
`
