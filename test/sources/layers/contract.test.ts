import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memorySource, sourceContract, type SourceSetup } from 'changeover/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { fileSource } from '../../../src/sources/file/index.ts'
import { layers } from '../../../src/sources/layers/index.ts'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { heldResources } from '../held-resources.ts'

let server: EtcdServer
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

/** A file, a key of etcd and a document in memory as layers. The document under test is in one of them. */
const makeWith = (writes: 'file' | 'etcd' | 'memory') => async (): Promise<SourceSetup> => {
  const before = heldResources()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-layers-'))
  const path = join(folder, 'config.json')
  const key = `/layers/${++keys}`
  const memory = memorySource()
  const put: Record<typeof writes, SourceSetup['put']> = {
    file: (content) => writeFile(path, content),
    etcd: (content) => server.admin(async (client) => client.put(key).value(Buffer.from(content))),
    memory: (content) => memory.put(content),
  }
  const remove = {
    file: () => rm(path),
    etcd: () => server.admin(async (client) => client.delete().key(key)),
    memory: () => memory.delete(),
  }
  return {
    source: layers([
      { source: fileSource({ path }), optional: true },
      { source: etcdSource({ hosts: `http://127.0.0.1:${server.port}`, key }), optional: true },
      { source: memory, optional: true },
    ]),
    put: put[writes],
    remove: remove[writes],
    wipe: writes === 'etcd' ? () => server.wipe() : () => memory.wipe(),
    leftovers: () => Math.max(0, heldResources() - before) + memory.watches,
    dispose: () => rm(folder, { recursive: true }),
  }
}

// A layer whose watch breaks keeps its last text: the watch of the whole goes on.
describe.each([
  ['the file', 'file', ['breakWatch', 'wipe']],
  ['etcd', 'etcd', ['breakWatch']],
  ['the memory', 'memory', ['breakWatch']],
] as const)('Layers of which %s has the document fulfil the contract of a source', (_title, writes, lacks) => {
  for (const { name, run } of sourceContract(makeWith(writes), { lacks, timeoutMs: 20_000 })) it(name, run, 60_000)
})
