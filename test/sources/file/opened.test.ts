import { watch } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFileSource } from '../../../src/sources/file/file-source.ts'
import { never, readDocument } from '../follow.ts'
import { useWatchedFile } from './watched-file.ts'

describe('A watch of a file', () => {
  const file = useWatchedFile()

  it('is reported as opened once the folder is watched, and not before', async () => {
    const watched: string[] = []
    const source = createFileSource({ path: file.path, pollMs: 3_600_000 }, (path, listener) => {
      watched.push(path)
      return watch(path, listener)
    })
    const { revision } = await readDocument(source)
    const events = source.watch(revision, never)[Symbol.asyncIterator]()
    expect(watched).toEqual([])
    expect(await events.next()).toMatchObject({ value: { kind: 'opened' } })
    expect(watched).toContain(dirname(file.path))
    await source.close?.()
    await events.return?.()
  })
})
