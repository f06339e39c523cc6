import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atMost, type Figure, type Measure } from '../figure.ts'
import { pairs, spreadOf } from '../pairs.ts'

/** Beside the built package, so that its name and its dependencies' names are found. */
const folder = join(import.meta.dirname, '..', '..', '..')

const entry = async (name: string, imports: readonly string[]): Promise<string> => {
  const path = join(folder, `import-${name}.mjs`)
  await writeFile(path, imports.map((one) => `import '${one}'\n`).join(''))
  return path
}

/** The whole process, from its start to its end, in milliseconds. */
const processOf = (path: string) => (): number => {
  const started = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return performance.now() - started
}

export const figure: Figure = {
  title: 'a fresh process that imports us and ends',
  floor: 'one that imports xstate; or etcd3',
  run: async function* (scale) {
    const [rounds, warmup] = scale === 'full' ? [61, 5] : [1, 0]
    const bare = processOf(await entry('nothing', []))
    const nothing = await pairs(bare, bare, { rounds, warmup })
    const measure = async (name: string, ours: string[], floor: string[], limit: number): Promise<Measure> => {
      const [a, b] = [await entry(`${name}-ours`, ours), await entry(`${name}-floor`, floor)]
      const paired = await pairs(processOf(a), processOf(b), { rounds, warmup })
      return {
        name: ours.join(' and '),
        unit: 'ms',
        value: paired.ours,
        floor: paired.floor,
        ...atMost(paired.ratio, limit),
        note: `${spreadOf(paired)}; node alone ${nothing.ours.toFixed(0)} ms`,
      }
    }
    yield await measure('core', ['changeover'], ['xstate'], 1.4)
    yield await measure('etcd', ['changeover', 'changeover/etcd'], ['etcd3'], 1.15)
  },
}
