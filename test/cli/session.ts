import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startEtcd } from '../support/etcd-server.ts'
import { call, configOf, documentOf, makeFolder, removeFolder } from './command.ts'

/** What an operator types; `REV` stands for the revision that is there. */
const lines: readonly (readonly string[])[] = [
  ['check', 'config.json'],
  ['publish', 'config.json', '--if-revision', '0', '-m', 'first document'],
  ['get'],
  ['set', 'log.level', 'debug', '-m', 'find the leak'],
  ['set', 'db.max', '99'],
  ['plan', 'next.json', '-o', 'next.plan', '-m', 'more connections'],
  ['publish', 'next.plan'],
  ['publish', 'config.json', '--if-revision', '2'],
  ['history'],
  ['rollback', '2', '--if-revision', 'REV', '-m', 'max was too high'],
  ['show', '3'],
]

/** Plays the session of the guide on a real etcd, and returns what a terminal would show. */
export const playSession = async (): Promise<string> => {
  const server = await startEtcd()
  const folder = await makeFolder(configOf(`{ hosts: '${server.endpoint}', key: '/app/config' }`))
  try {
    await writeFile(join(folder, 'config.json'), documentOf('info', 5))
    await writeFile(join(folder, 'next.json'), documentOf('debug', 9))
    let shown = ''
    for (const line of lines) {
      const found = await call(['get', '--json'], { cwd: folder })
      const { revision = '0' } = JSON.parse(found.out) as { readonly revision?: string }
      const argv = line.map((word) => (word === 'REV' ? revision : word))
      const [name = '', ...rest] = argv
      const isPublish = ['publish', 'plan', 'set', 'rollback'].includes(name)
      const author = isPublish ? ['--author', 'Ada <ada@example.com>'] : []
      const { exit, out, err } = await call([name, ...author, ...rest], { cwd: folder })
      const typed = argv.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(' ')
      shown += `$ changeover ${typed}\n${out}${err}${exit === 0 ? '' : `(exit code ${exit})\n`}\n`
    }
    return masked(shown, server.endpoint)
  } finally {
    await removeFolder(folder)
    await server.stop()
  }
}

/** Replaces what differs each time. */
const masked = (text: string, endpoint = 'http://127.0.0.1:2379'): string =>
  text
    .replaceAll(endpoint, 'http://127.0.0.1:2379')
    .replace(/\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(?:\.\d{3}Z)?/g, (time, gap: string) =>
      time.endsWith('Z') ? `2026-03-02${gap}09:30:00.000Z` : `2026-03-02${gap}09:30:00`,
    )
    .replace(/\b[0-9a-f]{16}\b/g, '5f1d0c2a9b7e4a63')
