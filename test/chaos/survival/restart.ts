import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, vi } from 'vitest'
import { fileStore } from '../../../src/persistence/file-store.ts'
import { goodCodec } from '../../../src/persistence/codec.ts'
import type { Good } from '../../../src/persistence/persisted-state.ts'
import { fileSource } from '../../../src/sources/file/index.ts'
import { SourceError, type Source } from '../../../src/api/source.ts'
import { createLog, createService, effectsIn, filesIn, replaceFile } from './service.ts'

const WAIT = { timeout: 60_000, interval: 3 }

/** A source that cannot be reached. */
const gone: Source = {
  name: 'gone',
  endpoint: 'nowhere',
  read: async () => {
    throw new SourceError('source.unreachable')
  },
  // biome-ignore lint/correctness/useYield: it breaks before it can yield
  watch: async function* () {
    throw new SourceError('source.unreachable')
  },
}

/** Starts a whole service on what is stored in a folder, as after a restart. */
export const restart = (folder: string, from: 'its source' | 'the disk alone', withinMs?: number) => {
  const { document, effects, goodFile } = filesIn(folder)
  const { logger, codes } = createLog()
  const service = createService({
    source: from === 'its source' ? fileSource({ path: document, settleMs: 0 }) : gone,
    effects: effectsIn(effects),
    lastKnownGood: goodFile,
    logger,
    soak: { durationMs: 5, intervalMs: 5 },
    deadlines: { persistMs: 120_000, readMs: 120_000 },
    // An unreachable source is asked once.
    sourceBackoff: { minMs: 600_000, maxMs: 600_000 },
    ...(withinMs === undefined ? {} : { confirm: { withinMs: 600_000 } }),
  })
  const { reloader } = service
  let isServing = false
  let failed: unknown
  reloader.start().then(
    () => {
      isServing = true
    },
    (error: unknown) => {
      failed = error
    },
  )
  return {
    ...service,
    codes,
    /** Resolves when it serves, or when it has nothing that it could serve. */
    untilServing: () =>
      vi.waitFor(() => {
        if (failed !== undefined) throw failed
        const { source } = reloader.status()
        expect(isServing || (from === 'the disk alone' && source.state === 'backing-off')).toBe(true)
      }, WAIT),
    /** Resolves when nothing is left to do: the document was tried, and confirmed if necessary. */
    untilAtRest: async () => {
      await reloader.unfreeze()
      await vi.waitFor(async () => {
        const { state, confirmation, source, last, inSync } = reloader.status()
        if (state === 'confirming') await reloader.confirm(confirmation?.transaction ?? '')
        expect(['committed', 'rejected', 'rolled-back']).toContain(reloader.status().state)
        expect(source.verifiedAt).toBeDefined()
        expect(inSync || (last !== undefined && 'failures' in last)).toBe(true)
      }, WAIT)
    },
  }
}

/** Makes these values good, one after the other, by a service that serves them. */
export const makeGood = async (folder: string, values: readonly number[]): Promise<void> => {
  const { document } = filesIn(folder)
  mkdirSync(dirname(filesIn(folder).goodFile), { recursive: true })
  const [newest] = values
  if (newest === undefined) return
  replaceFile(document, JSON.stringify({ value: newest }))
  const service = restart(folder, 'its source')
  await service.untilServing()
  for (const value of values) {
    replaceFile(document, JSON.stringify({ value }))
    await vi.waitFor(() => expect(service.reloader.status().goodHistory[0]).toBeDefined(), WAIT)
    await vi.waitFor(async () => {
      if (service.served() !== value) await service.reloader.reload()
      expect(service.served()).toBe(value)
      expect(service.reloader.status().state).toBe('committed')
    }, WAIT)
  }
  expect(service.codes).toEqual([])
  await service.reloader.close()
}

/** Replaces the text of the newest good document, with a correct checksum. */
export const rewriteNewest = async (folder: string, text: string): Promise<void> => {
  const [newest] = storedGoods(folder)
  const name = goodNames.find((one) => goodIn(folder, one)?.sequence === newest?.sequence)
  const encoded = newest === undefined ? undefined : goodCodec.encode({ ...newest, text })
  if (name === undefined || encoded === undefined) throw new Error('There is no good document')
  await fileStore(filesIn(folder).goodFile).save(name, encoded)
}

const goodNames = ['good', 'good.1', 'good.2'] as const

const goodIn = (folder: string, name: (typeof goodNames)[number]): Good | undefined => {
  try {
    const file = join(dirname(filesIn(folder).goodFile), name)
    const decoded = goodCodec.decode(readFileSync(file, 'utf8'))
    return decoded.kind === 'valid' ? decoded.value : undefined
  } catch {
    return undefined
  }
}

/** Reads the good documents from disk, newest first. */
export const storedGoods = (folder: string): Good[] =>
  goodNames.flatMap((name) => goodIn(folder, name) ?? []).sort((one, other) => other.sequence - one.sequence)

/** Lists the names of the stored files with their modes. */
export const storedFiles = (folder: string): Record<string, string> => {
  const inside = dirname(filesIn(folder).goodFile)
  return Object.fromEntries(
    readdirSync(inside).map((name) => [name, (statSync(join(inside, name)).mode & 0o777).toString(8)]),
  )
}

/** Copies the template into a new folder, with another document. */
export const copyOf = (template: string, folder: string, document: object): string => {
  cpSync(template, folder, { recursive: true })
  writeFileSync(filesIn(folder).document, JSON.stringify(document))
  return folder
}
