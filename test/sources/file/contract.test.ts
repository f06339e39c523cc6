import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sourceContract, type SourceSetup } from 'changeover/testing'
import { describe, it } from 'vitest'
import { fileSource } from '../../../src/sources/file/index.ts'
import { heldResources } from '../held-resources.ts'

type Write = (path: string, content: string | Uint8Array) => Promise<void>

const writeInPlace: Write = (path, content) => writeFile(path, content)

const replace: Write = async (path, content) => {
  await writeFile(`${path}.new`, content)
  await rename(`${path}.new`, path)
}

const makeWith = (write: Write) => async (): Promise<SourceSetup> => {
  const before = heldResources()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-file-'))
  const path = join(folder, 'config.json')
  return {
    source: fileSource({ path }),
    put: (content) => write(path, content),
    remove: () => rm(path),
    breakWatch: async () => {
      await rm(path)
      await mkdir(path)
    },
    mend: () => rm(path, { recursive: true }),
    leftovers: () => Math.max(0, heldResources() - before),
    dispose: () => rm(folder, { recursive: true }),
  }
}

describe.each([
  ['is replaced', replace],
  ['is written in place', writeInPlace],
])('The source of a file that %s fulfils the contract of a source', (_title, write) => {
  // A file has no store whose counts could begin again.
  for (const { name, run } of sourceContract(makeWith(write), { lacks: ['wipe'], timeoutMs: 20_000 })) {
    it(name, run, 60_000)
  }
})
