/**
 * Run as a process of its own by the kill tests: `kill-child <folder> <scene> <label> <when>`. Plays a scene, prints the
 * name of every step as it comes to it, and ends itself by SIGKILL at one of them: before it, or while the system is at it.
 */
import { writeSync } from 'node:fs'
import { basename } from 'node:path'
import { fileStore } from '../../src/keeper/file-store.ts'
import { systemFiles, type FileSystem } from '../../src/keeper/file-system.ts'
import type { EntryName, GoodStore } from '../../src/keeper/types.ts'
import { observationOf } from '../../src/observation.ts'
import { fileSource } from '../../src/sources/file/index.ts'
import type { Source } from '../../src/source.ts'
import { type Around, stepped } from '../keeper/steps.ts'
import { killScenes } from './kill-scenes.ts'
import { createService, filesIn, type Steps } from './service.ts'

const [folder = '', sceneName = '', at = '', when = 'before'] = process.argv.slice(2)
const scene = killScenes[sceneName]
if (scene === undefined) throw new Error(`no scene ${sceneName}`)
const die = (): void => void process.kill(process.pid, 'SIGKILL')

const counts = new Map<string, number>()
/** True where this is the step to die in. */
const reach = (name: string): boolean => {
  const count = (counts.get(name) ?? 0) + 1
  counts.set(name, count)
  const label = `${name} #${count}`
  writeSync(1, `${label}\n`)
  if (label !== at) return false
  if (when === 'before') die()
  return true
}
const say = (name: string): void => void reach(name)
const steps: Steps = { tick: say, wait: async (name) => say(name) }

const { document, effects, kept } = filesIn(folder)

/** The entry that is saved, with the value of a good; saves are never made side by side. */
let saved: string | undefined
const around =
  (entry: string | undefined): Around =>
  async (name, run) => {
    const isHere = reach(`${name} ${saved ?? entry ?? 'folder'}`)
    const running = run()
    if (isHere) die()
    return running
  }

/** Steps are told apart by the entry that they are of. */
const files: FileSystem = {
  ...stepped(systemFiles, around(undefined)),
  open: (path) => stepped(systemFiles, around(basename(path))).open(path),
}

const keptBy = (store: GoodStore): GoodStore => ({
  load: (name) => {
    say(`load ${name}`)
    return store.load(name)
  },
  save: async (name: EntryName, text) => {
    const value = /"text":"\{\\"value\\":(\d+)/.exec(text)?.[1]
    saved = value === undefined ? name : `${name}=${value}`
    say(`save ${saved}`)
    await store.save(name, text)
    say(`saved ${saved}`)
    saved = undefined
  },
})

/** The file, read as always; that it changes is told by nobody, so that only `reload()` finds it. */
const source = fileSource({ path: document, settleMs: 0 })
const deaf: Source = {
  ...source,
  read: (signal) => {
    say('read')
    return source.read(signal)
  },
  watch: async function* (_after, signal) {
    yield { kind: 'opened' }
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
}

const service = createService({
  source: deaf,
  effects,
  lastKnownGood: keptBy(fileStore(kept, files)),
  steps,
  soak: { durationMs: scene.soakMs ?? 5, intervalMs: 5, failureThreshold: 1 },
  deadlines: { persistMs: 120_000, readMs: 120_000 },
  ...(scene.withinMs === undefined ? {} : { confirm: { withinMs: scene.withinMs } }),
})
const { reloader } = service

/** Resolves when a line has been said from now on. */
const waits: { readonly word: string; readonly resolve: () => void }[] = []
const until = (word: string): Promise<void> => new Promise((resolve) => waits.push({ word, resolve }))
const tell = (word: string): void => {
  say(word)
  for (const wait of waits) if (wait.word === word) wait.resolve()
}
const observation = observationOf(reloader)
observation.observeCharts(({ machine, state }) => {
  if (machine === 'reload') tell(`state ${state}`)
})
observation.observe((event) => {
  if (event.kind !== 'record') return
  const { outcome } = event.record
  tell(`record ${outcome === 'committed' ? `committed ${reloader.config.value}` : outcome}`)
})

const stage = {
  service,
  folder,
  say,
  state: (name: string) => until(`state ${name}`),
  record: (outcome: string) => until(`record ${outcome}`),
}
const acted = scene.act(stage)
await reloader.start()
await acted
