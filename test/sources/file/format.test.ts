import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader, isChangeoverError } from 'changeover'
import { fileSource } from 'changeover/file'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { loadFormat } from '../../../src/formats/load-format.ts'
import { FileReader } from '../../../src/sources/file/file-reader.ts'

const schema = z.strictObject({ db: z.strictObject({ max: z.int().min(1) }) })

const inFolder = async (): Promise<(name: string) => string> => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-format-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return (name) => join(folder, name)
}

const texts = {
  json: (max: number | string) => `{ "db": { "max": ${max} } }`,
  jsonc: (max: number | string) => `// how many\n{ "db": { "max": ${max}, }, }`,
  yaml: (max: number | string) => `# how many\ndb:\n  max: ${max}\n`,
  toml: (max: number | string) => `# how many\n[db]\nmax = ${max}\n`,
}

describe.each(['json', 'jsonc', 'yaml', 'toml'] as const)('A file source of the format %s', (format) => {
  it('follows the file, and refuses a broken one with the position', async () => {
    const at = await inFolder()
    const path = at(`config.${format}`)
    const write = async (max: number | string): Promise<void> => {
      await writeFile(at('new'), texts[format](max))
      await rename(at('new'), path)
    }
    await write(1)
    const reloader = createReloader({ source: fileSource({ path, format, settleMs: 10 }), schema })
    onTestFinished(() => reloader.close())
    await reloader.start()
    expect(reloader.config.db.max).toBe(1)
    await write(2)
    await expect.poll(() => reloader.config.db.max).toBe(2)
    await write('[')
    await expect.poll(() => reloader.status().last?.outcome).toBe('rejected')
    const [failed] = reloader.status().last?.failures ?? []
    expect(failed?.code).toBe('document.malformed')
    expect(failed?.message).toMatch(/line \d, column \d+/)
    await write(0)
    await expect.poll(() => reloader.status().last?.failures?.[0]?.code).toBe('schema.invalid')
    expect(reloader.status().last?.failures?.[0]?.origin).toMatch(new RegExp(`config\\.${format}:\\d+:\\d+$`))
    await write(3)
    await expect.poll(() => reloader.config.db.max).toBe(3)
  })

  it('stores good documents as JSON, so that a restore needs no parser', async () => {
    const at = await inFolder()
    const path = at(`config.${format}`)
    await writeFile(path, texts[format](7))
    const options = { schema, lastKnownGood: at('good'), soak: 1 }
    const first = createReloader({ source: fileSource({ path, format, settleMs: 0 }), ...options })
    await first.start()
    await expect.poll(() => first.status().lastKnownGood).toBeDefined()
    await first.close()
    const dead = memorySource()
    dead.failReads('source.unreachable')
    const second = createReloader({ source: dead, ...options })
    onTestFinished(() => second.close())
    await second.start()
    expect(second.config.db.max).toBe(7)
  })
})

describe('A file source', () => {
  it('refuses a format that does not exist', () => {
    const make = () => fileSource({ path: 'a.ini', format: 'ini' as never })
    expect(make).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })

  it('says what to install if the package of the format is missing', async () => {
    const load = async () => {
      throw Object.assign(new Error('hunter2'), { code: 'ERR_MODULE_NOT_FOUND' })
    }
    const content = await new FileReader('/a.yaml', 'yaml', load).contentOf(new TextEncoder().encode('a: 1'), '1')
    expect(content).toMatchObject({ kind: 'malformed', code: 'document.format-missing' })
  })

  it.each(['jsonc', 'yaml', 'toml'] as const)(
    'says of a broken file of the format %s what the parser says',
    async (format) => {
      const reader = new FileReader(`/a.${format}`, format)
      const [first, again] = [
        await reader.contentOf(new TextEncoder().encode('[{'), '1'),
        await reader.contentOf(new TextEncoder().encode('[{'), '1'),
      ]
      const parsed = (await loadFormat(format)).parse('[{')
      expect(first).toMatchObject({ kind: 'malformed', code: 'document.malformed' })
      expect(first).toEqual(parsed)
      expect(again).toBe(first)
    },
  )

  it('rejects the start for a YAML file that is no UTF-8', async () => {
    const at = await inFolder()
    await writeFile(at('a.yaml'), Uint8Array.of(0x61, 0x3a, 0x20, 0xff))
    const reloader = createReloader({ source: fileSource({ path: at('a.yaml'), format: 'yaml', settleMs: 0 }), schema })
    const error: unknown = await reloader.start().catch((reason: unknown) => reason)
    expect(isChangeoverError(error) && error.code).toBe('document.encoding')
  })

  it('takes a byte order mark for what it is', async () => {
    const at = await inFolder()
    await writeFile(at('a.yaml'), '\uFEFFdb: { max: 5 }')
    const reloader = createReloader({ source: fileSource({ path: at('a.yaml'), format: 'yaml', settleMs: 0 }), schema })
    onTestFinished(() => reloader.close())
    await reloader.start()
    expect(reloader.config.db.max).toBe(5)
  })
})
