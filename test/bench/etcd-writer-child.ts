// Writes to etcd what it is told to, one order at a time: `etcd-writer-child.ts <endpoint>`.
import { setTimeout as sleep } from 'node:timers/promises'
import { Etcd3 } from 'etcd3'
import type { WriteOrder, Written } from './etcd-writer.ts'
import { documentOf } from './three-modules.ts'

/** Puts under way at once in a flood: enough to keep etcd busy. */
const LANES = 64

const client = new Etcd3({ hosts: process.argv[2] ?? '' })
let version = 1
/** The put that etcd took last, which need not be the one that was sent last. */
let newest = { version: 0, revision: 0 }

const put = async (key: string): Promise<void> => {
  version += 1
  const mine = version
  const { header } = await client.put(key).value(documentOf(mine, process.hrtime.bigint()))
  const revision = Number(header.revision)
  if (revision > newest.revision) newest = { version: mine, revision }
}

const spaced = async ({ keys, count, spacingMs }: WriteOrder & { kind: 'spaced' }): Promise<void> => {
  const started = performance.now()
  for (let turn = 0; turn < count; turn++) {
    // By the clock of the schedule, not from the last answer.
    await sleep(Math.max(0, started + turn * spacingMs - performance.now()))
    await put(keys[turn % keys.length] ?? '')
  }
}

const flood = async ({ key, count }: WriteOrder & { kind: 'flood' }): Promise<void> => {
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) await put(key)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

const write = async (order: WriteOrder): Promise<Written> => {
  const started = performance.now()
  await (order.kind === 'spaced' ? spaced(order) : flood(order))
  const seconds = (performance.now() - started) / 1_000
  return { last: newest.version, endedAt: String(process.hrtime.bigint()), perSecond: order.count / seconds }
}

process.on('message', async (order: WriteOrder) => process.send?.(await write(order)))
process.on('disconnect', () => client.close())
process.send?.('ready')
