import { writeSync } from 'node:fs'
import { basename } from 'node:path'
import { fileStore } from '../../../src/persistence/file-store.ts'
import { systemFiles, type FileSystem } from '../../../src/persistence/file-system.ts'
import type { GoodStore } from '../../../src/api/good-store.ts'
import { observationOf } from '../../../src/api/internal/observation.ts'
import { fileSource } from '../../../src/sources/file/index.ts'
import type { Source } from '../../../src/api/source.ts'
import { type Around, stepped } from '../../persistence/steps.ts'
import { type Kill, lineOf } from './kill-scene.ts'
import { killScenes } from './kill-scenes.ts'
import { createService, effectsIn, filesIn } from './service.ts'

interface Process {
  /** Distinguishes its lines from those of other services in this process. */
  readonly index: number
  readonly die: () => void
  readonly noteHalted: () => void
}

const forever = new Promise<never>(() => {})

/** Prints every step that is reached, and stops in the one of the kill. */
const createSteps = ({ label: at, when }: Kill, { index, die, noteHalted }: Process) => {
  const counts = new Map<string, number>()
  const reach = (kind: 'sync' | 'wait', name: string): boolean => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    const label = `${name} #${count}`
    writeSync(1, lineOf({ index, kind, label }))
    return label === at
  }
  return {
    sync: (name: string): void => {
      if (reach('sync', name)) die()
    },
    wait: async (name: string): Promise<void> => {
      if (!reach('wait', name)) return
      noteHalted()
      await forever
    },
    around: async <T>(name: string, run: () => Promise<T>): Promise<T> => {
      const isHere = reach('wait', name)
      if (isHere && when === 'before') {
        noteHalted()
        return forever
      }
      const running = run()
      if (isHere) die()
      return running
    },
  }
}

type PlaySteps = ReturnType<typeof createSteps>

/** Creates a file store, each step of which is labeled with its entry. */
const createStore = (path: string, { wait, around }: PlaySteps): GoodStore => {
  /** The entry that is being saved, with the value of a good document; saves never run in parallel. */
  let saved: string | undefined
  const stepOf =
    (entry: string): Around =>
    (name, run) =>
      around(`${name} ${saved ?? entry}`, run)
  const files: FileSystem = {
    ...stepped(systemFiles, stepOf('folder')),
    open: (file) => stepped(systemFiles, stepOf(basename(file))).open(file),
  }
  const store = fileStore(path, files)
  let newest = 0
  /** Labels the newest good document apart from the older ones, which may be written again. */
  const labelOf = (name: string, text: string): string => {
    const [, sequence, value] = /"sequence":(\d+).*"text":"\{\\"value\\":(\d+)/.exec(text) ?? []
    if (sequence === undefined) return name
    const isNewest = Number(sequence) > newest
    newest = Math.max(newest, Number(sequence))
    return `${isNewest ? 'good' : 'older'}=${value}`
  }
  return {
    load: async (name) => {
      await wait(`load ${name}`)
      const text = await store.load(name)
      labelOf(name, text ?? '')
      return text
    },
    save: async (name, text) => {
      saved = labelOf(name, text)
      await wait(`save ${saved}`)
      await store.save(name, text)
      await wait(`saved ${saved}`)
      saved = undefined
    },
  }
}

/** Creates a file source that does not report changes, so only `reload()` finds them. */
const createSource = (path: string, { wait }: PlaySteps): Source => {
  const source = fileSource({ path, settleMs: 0 })
  return {
    ...source,
    read: async (signal) => {
      await wait('read')
      return source.read(signal)
    },
    watch: async function* (_after, signal) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  }
}

const LONG = 3_600_000

// The deadlines must not end a service that waits in a step for the others to reach theirs.
const deadlines = {
  ...{ readMs: LONG, validateMs: LONG, persistMs: LONG, leaseMs: LONG },
  ...{ prepareMs: LONG, applyMs: LONG, checkMs: LONG, closeMs: LONG },
}

/** Plays one scene to its end, or to the step of its kill. */
export const play = async (sceneName: string, kill: Kill, process: Process): Promise<void> => {
  const scene = killScenes[sceneName]
  if (scene === undefined) throw new Error(`There is no scene ${sceneName}`)
  const steps = createSteps(kill, process)
  const { folder } = kill
  const { document, effects, goodFile } = filesIn(folder)
  const service = createService({
    source: createSource(document, steps),
    effects: effectsIn(effects),
    lastKnownGood: createStore(goodFile, steps),
    steps,
    soak: { durationMs: scene.soakMs ?? 5, intervalMs: 5 },
    deadlines,
    ...(scene.withinMs === undefined ? {} : { confirm: { withinMs: scene.withinMs } }),
  })
  const { reloader } = service
  const waits: { readonly name: string; readonly resolve: () => void }[] = []
  const until = (name: string): Promise<void> => new Promise((resolve) => waits.push({ name, resolve }))
  const announce = (name: string): void => {
    steps.sync(name)
    for (const wait of waits) if (wait.name === name) wait.resolve()
  }
  const observation = observationOf(reloader)
  observation.observeMachines(({ machine, state }) => {
    if (machine === 'reload') announce(`state ${state}`)
  })
  observation.observe((event) => {
    if (event.kind !== 'record') return
    const { outcome } = event.record
    announce(`record ${outcome === 'committed' ? `committed ${reloader.config.value}` : outcome}`)
  })
  const acted = scene.act({
    service,
    folder,
    reach: steps.wait,
    state: (name) => until(`state ${name}`),
    record: (outcome) => until(`record ${outcome}`),
  })
  await reloader.start()
  await acted
}
