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
  // biome-ignore lint/correctness/useYield: it breaks before it has anything to tell
  watch: async function* () {
    throw new SourceError('source.unreachable')
  },
}

/** A whole service on what is kept in a folder, as it is after a restart. */
export const restart = (folder: string, from: 'its source' | 'the disk alone', withinMs?: number) => {
  const { document, effects, kept } = filesIn(folder)
  const { logger, codes } = createLog()
  const service = createService({
    source: from === 'its source' ? fileSource({ path: document, settleMs: 0 }) : gone,
    effects: effectsIn(effects),
    lastKnownGood: kept,
    logger,
    soak: { durationMs: 5, intervalMs: 5 },
    deadlines: { persistMs: 120_000, readMs: 120_000 },
    // A source that is gone is asked once.
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
    /** Resolves when it serves, or has nothing that it could serve. */
    settled: () =>
      vi.waitFor(() => {
        if (failed !== undefined) throw failed
        const { source } = reloader.status()
        expect(isServing || (from === 'the disk alone' && source.state === 'backing-off')).toBe(true)
      }, WAIT),
    /** Resolves when nothing is left to be done: the document has been tried, and confirmed where it has to be. */
    atRest: async () => {
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
  mkdirSync(dirname(filesIn(folder).kept), { recursive: true })
  const [newest] = values
  if (newest === undefined) return
  replaceFile(document, JSON.stringify({ value: newest }))
  const service = restart(folder, 'its source')
  await service.settled()
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

/** The newest good holds another text from now on, under a checksum that is true. */
export const rewriteNewest = async (folder: string, text: string): Promise<void> => {
  const [newest] = goodsIn(folder)
  const name = goodNames.find((one) => goodIn(folder, one)?.sequence === newest?.sequence)
  const encoded = newest === undefined ? undefined : goodCodec.encode({ ...newest, text })
  if (name === undefined || encoded === undefined) throw new Error('there is no good')
  await fileStore(filesIn(folder).kept).save(name, encoded)
}

const goodNames = ['good', 'good.1', 'good.2'] as const

const goodIn = (folder: string, name: (typeof goodNames)[number]): Good | undefined => {
  try {
    const file = join(dirname(filesIn(folder).kept), name)
    const decoded = goodCodec.decode(readFileSync(file, 'utf8'))
    return decoded.kind === 'valid' ? decoded.value : undefined
  } catch {
    return undefined
  }
}

/** What is kept as it is read from the disk: newest first. */
export const goodsIn = (folder: string): Good[] =>
  goodNames.flatMap((name) => goodIn(folder, name) ?? []).sort((one, other) => other.sequence - one.sequence)

/** The names of what is kept, and who may read it. */
export const keptFiles = (folder: string): Record<string, string> => {
  const inside = dirname(filesIn(folder).kept)
  return Object.fromEntries(
    readdirSync(inside).map((name) => [name, (statSync(join(inside, name)).mode & 0o777).toString(8)]),
  )
}

/** A folder of its own in which all is as in the template. */
export const copyOf = (template: string, folder: string, document: object): string => {
  cpSync(template, folder, { recursive: true })
  writeFileSync(filesIn(folder).document, JSON.stringify(document))
  return folder
}
