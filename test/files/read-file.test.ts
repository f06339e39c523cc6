import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readFileState } from '../../src/files/read-file.ts'

const LIMIT = 64 * 1024 * 1024

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changeover-read-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('A file of 64 MiB is read, and one with a byte more is too large', async () => {
  const path = join(folder, 'large')
  await writeFile(path, '')
  await truncate(path, LIMIT)
  const whole = await readFileState(path)
  expect([whole.kind, 'bytes' in whole && whole.bytes.length]).toEqual(['content', LIMIT])
  await truncate(path, LIMIT + 1)
  const { kind, isTorn, isAbsent } = await readFileState(path)
  expect({ kind, isTorn, isAbsent }).toEqual({ kind: 'too-large', isTorn: false, isAbsent: false })
})

it('A file that is missing is absent and not torn, and so is one below a file', async () => {
  await writeFile(join(folder, 'file'), 'x')
  for (const path of [join(folder, 'nothing'), join(folder, 'file', 'below')]) {
    expect(await readFileState(path)).toEqual({
      kind: 'missing',
      digest: 'missing',
      stamp: 'missing',
      modifiedAt: 0,
      isTorn: false,
      isAbsent: true,
    })
  }
})

it('An empty file is absent, and has a content', async () => {
  await writeFile(join(folder, 'empty'), '')
  expect(await readFileState(join(folder, 'empty'))).toMatchObject({ kind: 'content', isAbsent: true, isTorn: false })
})
