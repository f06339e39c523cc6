import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { EtcdServer } from '../support/etcd-server.ts'

const LIMIT_MS = 90_000

export interface ServiceRun {
  readonly applied: readonly number[]
  readonly exitCode: number | null
  readonly stderr: string
}

/** What a service leaves behind that has applied one change and then ended. */
export const oneChange: ServiceRun = { applied: [1, 2], exitCode: 0, stderr: '' }

/**
 * Runs a service in a process of its own, with a key of its own that holds 1, and puts 2 as soon as 1 is applied.
 * Warnings are not printed: etcd3 uses what newer Nodes deprecate, and to older ones `require` of ES modules is an experiment.
 */
export const runService = async (
  server: EtcdServer,
  command: readonly string[],
  { cwd, node = process.execPath }: { readonly cwd: string; readonly node?: string },
): Promise<ServiceRun> => {
  const key = `/config/${cwd}/${node}/${command.join(' ')}`
  const put = (n: number) => server.admin((client) => client.put(key).value(JSON.stringify({ n })).exec())
  await put(1)
  const env = { ...process.env, ETCD_ENDPOINT: server.endpoint, ETCD_KEY: key, NODE_OPTIONS: '--no-warnings' }
  const child = spawn(node, command, { cwd, env, timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const applied: number[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const n = Number(/^applied (\d+)$/.exec(line)?.[1])
    applied.push(n)
    if (n === 1) await put(2)
  }
  return { applied, exitCode: await ended, stderr }
}
