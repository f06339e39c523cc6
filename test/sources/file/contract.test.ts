import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileSource } from '../../../src/sources/file/index.ts'
import { describeSourceContract, type SourceHarness } from '../contract.ts'

type Write = (path: string, content: string | Uint8Array) => Promise<void>

const writeInPlace: Write = (path, content) => writeFile(path, content)

const replace: Write = async (path, content) => {
  await writeFile(`${path}.new`, content)
  await rename(`${path}.new`, path)
}

const harness = (write: Write): SourceHarness => ({
  make: async () => {
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
      dispose: () => rm(folder, { recursive: true }),
    }
  },
})

describeSourceContract('The file source of a file that is replaced', harness(replace))
describeSourceContract('The file source of a file that is written in place', harness(writeInPlace))
