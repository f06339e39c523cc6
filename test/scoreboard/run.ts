/**
 * `npm run scoreboard`: plays all faults to all peers, keeps the evidence and re-makes the tables.
 * `npm run scoreboard -- nacos 7` plays one cell, or without a number one peer, and only prints what it saw.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import PQueue from 'p-queue'
import { withBlock } from '../docs/markdown.ts'
import { pagePath } from '../docs/pages.ts'
import { findEtcd } from '../support/etcd-binary.ts'
import { npmCi } from '../support/npm-ci.ts'
import { type Cell, type Evidence, evidenceText, faults, type Row, scoreTable } from './board.ts'
import { type Contestant, contestants } from './rows.ts'
import { scenes } from './scenes.ts'
import { Finding, type ServiceProcess, startService } from './service-process.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))
const evidencePath = join(here, 'evidence.json')
const CELL_LIMIT_MS = 150_000
/** They mostly wait. More at once would make them wait for each other. */
const AT_ONCE = 6

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

const versionOf = (name: string): string => {
  const folders = [join(here, 'node_modules', name), join(root, 'node_modules', name), root]
  const folder = folders.find((path) => existsSync(join(path, 'package.json')))
  return readJson(join(folder ?? root, 'package.json')).version
}

/** One line, without what differs from machine to machine. */
const tidy = (text: string, folder: string): string =>
  text
    .replaceAll(folder, '')
    .replaceAll(root, '')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '/')
    .slice(0, 400)

const playCell = async (contestant: Contestant, index: number): Promise<Cell> => {
  const fault = index + 1
  const exemption = contestant.exempt[fault]
  if (exemption !== undefined) return { verdict: 'does not apply', why: exemption }
  const folder = await mkdtemp(join(tmpdir(), 'changeover-scoreboard-'))
  const store = await contestant.openStore(folder, fault)
  let service: ServiceProcess | undefined
  let timer: NodeJS.Timeout | undefined
  try {
    const start = async (): Promise<ServiceProcess> => {
      service = await startService(contestant.id, store.target, fault === 5 || fault === 6)
      return service
    }
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Finding('blocked', 'the time limit of the cell has passed')), CELL_LIMIT_MS)
    })
    const scene = scenes[index]?.({ store, start })
    const { why, figure } = (await Promise.race([scene, limit])) ?? { why: 'there is no such fault' }
    const remark = contestant.remarks?.[fault]
    const seen = remark === undefined ? why : `${why} (${remark})`
    return { verdict: 'passed', why: tidy(seen, folder), ...(figure === undefined ? {} : { figure }) }
  } catch (error) {
    if (!(error instanceof Finding)) throw error
    const { word, message, figure } = error
    const why = tidy(message, folder)
    return { verdict: 'failed', word, why, ...(figure === undefined ? {} : { figure }) }
  } finally {
    clearTimeout(timer)
    service?.stop()
    await store.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const play = async (chosen: readonly Contestant[], only: number | undefined): Promise<readonly Row[]> => {
  const queue = new PQueue({ concurrency: AT_ONCE })
  const rows = chosen.map(async (contestant) => {
    const cells = faults.map((_, index) =>
      queue.add(async () => {
        if (only !== undefined && only !== index + 1)
          return { verdict: 'does not apply', why: 'not asked for' } as const
        const cell = await playCell(contestant, index)
        console.error(
          `${contestant.id} ${index + 1}: ${cell.verdict} ${cell.word ?? ''} ${cell.figure ?? ''} ${cell.why}`,
        )
        return cell
      }),
    )
    const { id, title, from, store } = contestant
    return { id, title, package: from, version: versionOf(from), store, cells: await Promise.all(cells) }
  })
  return Promise.all(rows)
}

const etcdVersion = async (): Promise<string> => {
  const { stdout } = await promisify(execFile)(await findEtcd(), ['--version'])
  return /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

npmCi(here)
const [id, fault] = process.argv.slice(2)
const chosen = contestants.filter((contestant) => id === undefined || contestant.id === id)
if (chosen.length === 0) throw new Error(`there is no ${id}; there are ${contestants.map((one) => one.id).join(', ')}`)
const rows = await play(chosen, fault === undefined ? undefined : Number(fault))
if (id === undefined) {
  const evidence: Evidence = { node: process.versions.node, etcd: await etcdVersion(), rows }
  await writeFile(evidencePath, `${JSON.stringify(evidence, undefined, 2)}\n`)
  const own = join(here, 'README.md')
  const page = pagePath('docs/comparison.md')
  await writeFile(page, withBlock(await readFile(page, 'utf8'), 'scoreboard', scoreTable(evidence)))
  await writeFile(own, withBlock(await readFile(own, 'utf8'), 'evidence', evidenceText(evidence)))
  console.log(scoreTable(evidence))
}
