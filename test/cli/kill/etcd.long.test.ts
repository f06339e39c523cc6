import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DocumentStore } from '../../../src/history/document-store.ts'
import { etcdDocumentStore } from '../../../src/sources/etcd/operator/etcd-document-store.ts'
import { never } from '../../sources/follow.ts'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { buildCommand, call, documentOf, type Ended, jsonOf, makeFolder, removeFolder } from '../command.ts'
import { type CallProxy, type CallStop, startCallProxy } from './call-proxy.ts'

/** Each stop starts a process, which needs a second on a busy machine. */
const PATIENCE = 600_000

const isLong = process.env.CHANGEOVER_LONG === '1'

let server: EtcdServer
let proxy: CallProxy
let folder: string
let command: string
let keys = 0
beforeAll(async () => {
  server = await startEtcd()
  proxy = await startCallProxy(server.port)
  folder = await makeFolder('export default {}')
  command = await buildCommand(folder)
  await writeFile(join(folder, 'new.json'), documentOf('debug', 40))
  await writeFile(join(folder, 'next.json'), documentOf('info', 39))
}, 120_000)
afterAll(async () => {
  await proxy.close()
  await removeFolder(folder)
  await server.stop()
})

const moments = ['asked', 'answered', 'heard'] as const

/** The commands that write, what they write, and the call that writes. */
const commands: readonly (readonly [name: string, argv: (revision: string) => readonly string[], text: string])[] = [
  ['publish', (at) => ['publish', 'new.json', '--if-revision', at], documentOf('debug', 40)],
  ['rollback', (at) => ['rollback', '1', '--if-revision', at], documentOf('info', 1)],
  ['set', () => ['set', 'log.level', 'debug'], documentOf('debug', 2)],
]

interface Target {
  readonly key: string
  readonly store: DocumentStore
  readonly revision: string
}

/** A new key with two entries. It is looked at without the proxy. */
const newTarget = async (): Promise<Target> => {
  const key = `/app/killed-${++keys}`
  const store = etcdDocumentStore({ hosts: server.endpoint, key })
  let revision = '0'
  for (const max of [1, 2]) {
    const change = { text: documentOf('info', max), author: 'x', reason: '', action: 'publish' } as const
    revision = (await store.write({ ...change, ifRevision: revision }, never)).revision
  }
  return { key, store, revision }
}

const at = ({ key }: Target): readonly string[] => ['--author', 'x', '--hosts', proxy.endpoint, '--key', key]

/** How many calls the command makes; the last of them writes. */
const callsOf = async (argv: (revision: string) => readonly string[]): Promise<number> => {
  const target = await newTarget()
  proxy.stopAt(undefined)
  expect(await call([...argv(target.revision), ...at(target)], { cwd: folder })).toMatchObject({ exit: 0 })
  await target.store.close()
  return proxy.calls()
}

const stopsOf = (calls: number): readonly CallStop[] =>
  Array.from({ length: calls }, (_, index) => moments.map((moment) => ({ call: index + 1, moment }))).flat()

/**
 * The stops that leave different things behind: a command makes one call after the other, so one that is killed after a
 * call leaves what it leaves before the next. With CHANGEOVER_LONG=1, all stops.
 */
const killsOf = (calls: number): readonly CallStop[] =>
  stopsOf(calls).filter(({ call, moment }) => isLong || call === calls || moment === 'asked')

const expectAgreement = async ({ store }: Target, isNew: boolean, text: string, about: string): Promise<void> => {
  const { document, entries, isCurrent } = await store.history(never)
  expect([document.text, isCurrent], about).toEqual([isNew ? text : documentOf('info', 2), true])
  expect(
    entries.map(({ number }) => number),
    about,
  ).toEqual(isNew ? [3, 2, 1] : [2, 1])
  expect(entries[0]?.text, about).toBe(document.text)
}

const expectNext = async ({ key, store }: Target, about: string): Promise<void> => {
  const { document } = await store.history(never)
  const next = ['publish', 'next.json', '--if-revision', document.revision, '--author', 'y']
  const ended = await call([...next, '--hosts', server.endpoint, '--key', key], { cwd: folder })
  expect(ended, about).toMatchObject({ exit: 0 })
  expect((await store.history(never)).isCurrent, about).toBe(true)
  await store.close()
}

describe('A publisher of a key in etcd', { timeout: PATIENCE }, () => {
  it.each(commands)(
    'that is killed at any step of %s leaves document and history in agreement',
    async (_, argv, text) => {
      const calls = await callsOf(argv)
      expect(calls).toBeGreaterThan(2)
      for (const stop of killsOf(calls)) {
        const target = await newTarget()
        const child = spawn(process.execPath, [command, ...argv(target.revision), ...at(target)], {
          cwd: folder,
          stdio: 'ignore',
        })
        const exited = once(child, 'exit')
        let hasStopped = false
        proxy.stopAt(stop, () => {
          hasStopped = true
          child.kill('SIGKILL')
        })
        await exited
        const about = JSON.stringify(stop)
        expect(hasStopped, about).toBe(true)
        await expectAgreement(target, stop.call === calls && stop.moment !== 'asked', text, about)
        await expectNext(target, about)
      }
    },
  )

  it.each(commands)('whose connection breaks at any step of %s says what is so', async (_, argv, text) => {
    const calls = await callsOf(argv)
    for (const stop of stopsOf(calls)) {
      const target = await newTarget()
      proxy.stopAt(stop, proxy.cut)
      const ended: Ended = await call([...argv(target.revision), ...at(target), '--json', '--timeout', '20s'], {
        cwd: folder,
      })
      const about = `${JSON.stringify(stop)} ${ended.out}`
      const { document, entries } = await target.store.history(never)
      // The command asks the history, so it knows even what it has not heard.
      const isNew = document.text === text
      expect(ended.exit === 0, about).toBe(isNew)
      if (isNew) expect(jsonOf(ended), about).toMatchObject({ revision: document.revision, number: entries[0]?.number })
      await expectAgreement(target, isNew, text, about)
      await expectNext(target, about)
    }
  })
})
