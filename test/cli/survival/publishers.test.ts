import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { etcdDocumentStore } from '../../../src/sources/etcd/operator/etcd-document-store.ts'
import { fileDocumentStore } from '../../../src/sources/file/operator/file-document-store.ts'
import type { DocumentStore } from '../../../src/history/document-store.ts'
import { never } from '../../sources/follow.ts'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { buildCommand, call, documentOf, type Ended, jsonOf, makeFolder, removeFolder, runProcess } from '../command.ts'

const RACES = 1_000
const PROCESS_RACES = 10
const KILLS = 20
/** A busy machine needs a second for the start of each process. */
const PATIENCE = 600_000

let server: EtcdServer
let folder: string
let command: string
beforeAll(async () => {
  server = await startEtcd()
  folder = await makeFolder('export default {}')
  command = await buildCommand(folder)
})
afterAll(async () => {
  await removeFolder(folder)
  await server.stop()
})

/** The flags of a target, and a look at it. */
const targets = {
  etcd: (name: string) => ({
    flags: ['--hosts', server.endpoint, '--key', `/app/${name}`],
    open: (): DocumentStore => etcdDocumentStore({ hosts: server.endpoint, key: `/app/${name}` }),
  }),
  file: (name: string) => ({
    flags: ['--file', `${name}.json`],
    open: (): DocumentStore => fileDocumentStore(join(folder, `${name}.json`), 20_000),
  }),
}

const kinds = ['etcd', 'file'] as const
const text = (n: number): string => documentOf('info', n)
const change = { author: 'Ada', reason: '', action: 'publish' } as const

describe.each(kinds)('On a target of kind %s', { timeout: PATIENCE }, (kind) => {
  it(`exactly one of two publishers wins in each of ${RACES} races, and the other sees what it would have overwritten`, async () => {
    const { flags, open } = targets[kind](`race-${kind}`)
    const store = open()
    let { revision } = await store.write({ ...change, text: text(0), ifRevision: '0' }, never)
    const publish = async (round: number, side: number): Promise<Ended> => {
      const name = `race-${kind}-${side}.json`
      await writeFile(join(folder, name), text(2 * round + side))
      const argv = ['publish', name, '--if-revision', revision, '--author', `side ${side}`, '-m', `round ${round}`]
      // What programs see is looked at in every second race.
      return call([...argv, ...(round % 2 === 0 ? ['--json'] : []), '--show-values', ...flags], { cwd: folder })
    }
    for (let round = 1; round <= RACES; round++) {
      const ended = await Promise.all([publish(round, 0), publish(round, 1)])
      const about = JSON.stringify([round, ended])
      expect(ended.map(({ exit }) => exit).sort(), about).toEqual([0, 3])
      const won = ended.findIndex(({ exit }) => exit === 0)
      const lost = ended[1 - won] as Ended
      const after = await store.read(never)
      expect(after.text, about).toBe(text(2 * round + won))
      const [mine, other] = [2 * round + won, 2 * round + 1 - won]
      if (round % 2 === 0) {
        const { error, overwritten } = jsonOf(lost)
        expect(error, about).toMatchObject({ code: 'source.conflict' })
        expect(overwritten, about).toMatchObject({
          revision: after.revision,
          by: { number: round + 1, author: `side ${won}`, reason: `round ${round}`, action: 'publish' },
          diff: { count: 1, differences: [{ path: 'db.max', change: 'changed', from: mine, to: other }] },
        })
      } else {
        expect(lost.err, about).toContain(`revision ${after.revision}, publish by side ${won} at `)
        expect(lost.err, about).toContain(
          `: round ${round}.\nThis would have been overwritten:\n  ~ db.max  ${mine} → ${other}\n`,
        )
      }
      revision = after.revision
    }
    const { isCurrent, entries } = await store.history(never)
    expect([isCurrent, entries[0]?.number]).toEqual([true, RACES + 1])
    await store.close()
  })

  it(`exactly one of two processes wins in each of ${PROCESS_RACES} races`, async () => {
    const { flags } = targets[kind](`processes-${kind}`)
    const at = { cwd: folder }
    for (let round = 0; round < PROCESS_RACES; round++) {
      const revision = await revisionOf(flags)
      const publish = async (name: string): Promise<number | null> => {
        await writeFile(join(folder, `${kind}-${name}`), `{ "${name}": ${round} }`)
        const argv = ['publish', `${kind}-${name}`, '--if-revision', revision, '--author', name, ...flags]
        return (await runProcess(command, argv, at)).exit
      }
      expect((await Promise.all([publish('one'), publish('two')])).sort()).toEqual([0, 3])
    }
  })

  it('document and history agree whenever a publisher is killed', async () => {
    const { flags, open } = targets[kind](`killed-${kind}`)
    const store = open()
    await writeFile(join(folder, 'timed.json'), text(1))
    const startedAt = performance.now()
    await runProcess(command, ['publish', 'timed.json', '--if-revision', '0', '--author', 'x', ...flags], {
      cwd: folder,
    })
    const longestMs = performance.now() - startedAt
    let written = 0
    for (let round = 0; round < KILLS; round++) {
      const before = await store.history(never)
      await writeFile(join(folder, 'killed.json'), text(round + 2))
      const argv = ['publish', 'killed.json', '--if-revision', before.document.revision, '--author', 'x', ...flags]
      const child = spawn(process.execPath, [command, ...argv], { cwd: folder, stdio: 'ignore' })
      const exited = once(child, 'exit')
      // Most of the time is the start; what is written comes at the end.
      await Promise.race([exited, sleep(longestMs * (0.4 + Math.random() * 0.7))])
      child.kill('SIGKILL')
      await exited
      const after = await store.history(never)
      const isNew = after.document.text === text(round + 2)
      if (isNew) written += 1
      expect(after.isCurrent).toBe(true)
      expect(after.entries[0]?.text).toBe(after.document.text)
      expect(after.entries[0]?.number).toBe((before.entries[0]?.number ?? 0) + (isNew ? 1 : 0))
    }
    // The next publisher is held up by nothing that the killed ones have left.
    const { document } = await store.history(never)
    await store.write({ ...change, text: text(0), ifRevision: document.revision }, never)
    console.log(`${kind}: ${written} of ${KILLS} killed publishers had written`)
    await store.close()
  })
})

const revisionOf = async (flags: readonly string[]): Promise<string> => {
  const { out } = await call(['get', '--json', ...flags], { cwd: folder })
  return (JSON.parse(out) as { readonly revision?: string }).revision ?? '0'
}
