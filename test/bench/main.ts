import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findEtcd } from '../support/etcd-binary.ts'
import { npmCi } from '../support/npm-ci.ts'
import { build } from './build.ts'
import type { FigureMessage, Measured, Scale } from './figure.ts'
import { type FigureName, figures, isFigureName } from './figures.ts'
import { lineOf, tableOf } from './table.ts'
import { store } from './write.ts'

/** Far more than any of them takes. */
const LIMIT_MS: Record<Scale, number> = { full: 30 * 60_000, smoke: 60_000 }

const usage = `usage: npm run bench -- [figure …] [--json] [--smoke] [--write] [--node PATH]
figures: ${Object.keys(figures).join(', ')}`

const options = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      smoke: { type: 'boolean' },
      write: { type: 'boolean' },
      node: { type: 'string', default: process.execPath },
    },
  })
  const names = positionals.length === 0 ? (Object.keys(figures) as FigureName[]) : positionals.filter(isFigureName)
  if (names.length < positionals.length) throw new Error(usage)
  const scale: Scale = values.smoke === true ? 'smoke' : 'full'
  const isWhole = scale === 'full' && positionals.length === 0
  // The stored figures are of one machine, one Node and one day.
  if (values.write === true && !isWhole) throw new Error('--write keeps whole runs only: no names, no --smoke')
  return { names, scale, json: values.json === true, write: values.write === true, node: values.node }
}

interface Conditions {
  readonly bench: string
  readonly scale: Scale
  readonly etcd: string
  /** The Node that runs the figures. */
  readonly node: string
}

/** Runs one figure in a process of its own: its heap is its own, and nothing that it leaves behind reaches the next. */
const measure = async (name: FigureName, { bench, scale, etcd, node }: Conditions): Promise<Measured> => {
  const child = fork(join(bench, 'child.js'), [name, scale], {
    execPath: node,
    execArgv: ['--expose-gc'],
    // What a figure prints is for people; the table alone goes to stdout.
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, ETCD_BIN: etcd, NODE_ENV: 'production' },
    timeout: LIMIT_MS[scale],
  })
  const messages: FigureMessage[] = []
  child.on('message', (message) => {
    const one = message as FigureMessage
    messages.push(one)
    console.error(lineOf(name, one.measure))
  })
  const [code, signal] = await once(child, 'exit')
  const [first] = messages
  if (first === undefined || code !== 0) throw new Error(`${name} broke: ${signal ?? `exit code ${code}`}`)
  const { title, floor } = first
  return { figure: name, title, floor, measures: messages.map(({ measure: one }) => one) }
}

const versionOf = (node: string): string =>
  execFileSync(node, ['--print', 'process.versions.node'], { encoding: 'utf8' }).trim()

const main = async (): Promise<void> => {
  const { names, scale, json, write, node } = options()
  const etcd = await findEtcd()
  if (names.includes('peers') && scale === 'full') npmCi(join(import.meta.dirname, '..', 'scoreboard'))
  const { bench, remove } = await build()
  const measured: Measured[] = []
  const broken: string[] = []
  try {
    for (const name of names) {
      const started = performance.now()
      try {
        measured.push(await measure(name, { bench, scale, etcd, node }))
      } catch (error) {
        broken.push(name)
        console.error(String(error))
      }
      console.error(`${name}: ${((performance.now() - started) / 1_000).toFixed(1)} s`)
    }
  } finally {
    await remove()
  }
  console.log(json ? JSON.stringify(measured, null, 2) : tableOf(measured))
  if (write && broken.length === 0) await store(measured, versionOf(node))
  // A timing is never a reason to fail; a figure that does not run is.
  if (broken.length > 0) process.exitCode = 1
}

await main()
