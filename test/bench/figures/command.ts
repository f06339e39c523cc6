import { spawnSync } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure, Measure } from '../figure.ts'
import { pairs, spreadOf } from '../pairs.ts'
import { startEtcd } from '../../support/etcd-server.ts'

const command = join(import.meta.dirname, '..', '..', '..', '..', 'dist', 'src', 'cli', 'main.js')

/** The whole process, from its start to its end, in milliseconds. */
const processOf = (cwd: string, argv: readonly string[]) => (): number => {
  const started = performance.now()
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', cwd })
  if (status !== 0) throw new Error(stderr)
  return performance.now() - started
}

export const figure: Figure = {
  title: 'the command `changeover`, from its start to its end',
  floor: 'a Node process that does nothing',
  run: async function* (scale) {
    const [rounds, warmup] = scale === 'full' ? [61, 5] : [1, 0]
    const folder = await mkdtemp(join(tmpdir(), 'changeover-command-'))
    await writeFile(join(folder, 'config.json'), '{ "log": { "level": "info" } }')
    const server = await startEtcd()
    const at = ['--hosts', server.endpoint, '--key', '/app/config']
    const publish = [command, 'publish', 'config.json', '--if-revision', '0', '--author', 'bench', ...at]
    const measure = async (name: string, argv: readonly string[], limitMs: number): Promise<Measure> => {
      const paired = await pairs(processOf(folder, [command, ...argv]), processOf(folder, ['-e', '0']), {
        rounds,
        warmup,
      })
      const { ours, floor } = paired
      const goal = { goal: `≤ ${limitMs} ms`, isMet: ours <= limitMs }
      return { name, unit: 'ms', value: ours, floor, ...goal, note: spreadOf(paired) }
    }
    try {
      processOf(folder, publish)()
      yield await measure('check FILE', ['check', 'config.json'], 250)
      yield await measure('get --file', ['get', '--file', 'config.json'], 250)
      yield await measure('get from etcd', ['get', ...at], 450)
    } finally {
      await server.stop()
    }
  },
}
