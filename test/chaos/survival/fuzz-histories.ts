import type { EntryName, GoodStore } from '../../../src/api/good-store.ts'
import { memorySource } from '../../../src/testing/fakes/memory-source.ts'
import { createVirtualClock } from '../../../src/testing/fakes/virtual-clock.ts'
import { type Config, createService, type Effects } from './service.ts'

export const SOAK_MS = 100

export const names: readonly EntryName[] = ['good', 'good.1', 'good.2', 'journal']
/** The document of the source after the files were spoiled. */
export const NEXT = { value: 9 }

export type Entries = ReadonlyMap<EntryName, string>

const storeOf = (entries: Map<EntryName, string>): GoodStore => ({
  load: (name) => entries.get(name),
  save: (name, text) => void entries.set(name, text),
})

const createEffects = (): Effects => {
  let applied = Number.NaN
  return {
    get: () => applied,
    set: (value) => {
      applied = value
    },
  }
}

/** Starts a whole service on these entries. */
export const boot = (
  entries: Map<EntryName, string>,
  document: object | undefined,
  life: number,
  withinMs?: number,
) => {
  const clock = createVirtualClock()
  const source = memorySource(document)
  // Every life of the source has its own revisions.
  while (document !== undefined && source.revision.order < life * 10) source.put(document)
  if (document === undefined) {
    source.failReads('source.unreachable')
    source.failWatches('source.unreachable')
  }
  const service = createService({
    source,
    effects: createEffects(),
    lastKnownGood: storeOf(entries),
    clock,
    build: 'one',
    soak: { durationMs: SOAK_MS, intervalMs: SOAK_MS },
    sourceBackoff: { minMs: 3_600_000, maxMs: 3_600_000 },
    ...(withinMs === undefined ? {} : { confirm: { withinMs } }),
  })
  const started: { outcome?: 'served' | 'rejected'; error?: unknown } = {}
  service.reloader.start().then(
    () => {
      started.outcome = 'served'
    },
    (error: unknown) => {
      started.outcome = 'rejected'
      started.error = error
    },
  )
  const close = async (): Promise<void> => {
    let isClosed = false
    void service.reloader.close().then(() => {
      isClosed = true
    })
    for (let spent = 0; !isClosed && spent < 100; spent++) await clock.advance(spent * 100)
    if (!isClosed || clock.pending() > 0) throw new Error('the service does not close')
  }
  return { ...service, clock, source, started, close }
}

/** Collects what real services have left on disk at moments at which a process may die. */
export const collectHistories = async (): Promise<Entries[]> => {
  const histories: Entries[] = []
  const entries = new Map<EntryName, string>()
  const note = (): void => void histories.push(new Map(entries))
  let lives = 0
  const live = async (
    document: Config,
    withinMs: number | undefined,
    act: (service: ReturnType<typeof boot>) => Promise<void>,
  ): Promise<void> => {
    lives += 1
    const service = boot(entries, document, lives, withinMs)
    await service.clock.advance(SOAK_MS)
    note()
    await act(service)
    note()
  }
  await live({ value: 1 }, undefined, async ({ source, clock, close }) => {
    for (const value of [2, 3, 4]) {
      source.put({ value })
      await clock.advance(SOAK_MS / 2)
      note()
      await clock.advance(SOAK_MS)
      note()
    }
    source.put({ value: 5, fails: 'check' })
    await clock.advance(SOAK_MS)
    note()
    await close()
  })
  await live({ value: 4 }, undefined, async ({ reloader, clock, source }) => {
    void reloader.revert()
    await clock.advance(SOAK_MS / 2)
    note()
    await clock.advance(SOAK_MS)
    note()
    void reloader.unfreeze()
    await clock.advance(SOAK_MS)
    source.put({ value: 6 })
    await clock.advance(SOAK_MS / 2) // the process dies in its soak
  })
  await live({ value: 6 }, undefined, async () => {})
  // Closed before its confirmation, the document is quarantined, and it is what the source holds in the end.
  await live(NEXT, 1_000, async ({ close }) => close())
  histories.push(...histories.slice(-2), ...histories.slice(-2))
  if (histories.some(({ size }) => size < 2)) throw new Error('a history has no good document')
  return histories
}
