import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findEtcd } from './etcd-binary.ts'
import { createEtcdProcess, freePorts } from './etcd-process.ts'

/** One real `etcd grpc-proxy` on 127.0.0.1. It joins the watches of several clients to one, and caches. */
export interface EtcdGrpcProxy {
  readonly endpoint: string
  readonly port: number
  /** Sends SIGKILL. */
  readonly kill: () => Promise<void>
  /** Kills it if it runs, starts it on the same port, and waits until it is healthy. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts a proxy for the clients of `target`, and waits until it is healthy. */
export const startGrpcProxy = async (target: string): Promise<EtcdGrpcProxy> => {
  const binary = await findEtcd()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-grpc-proxy-'))
  const [port = 0] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const endpoint = `http://${address}`
  const process = createEtcdProcess({
    binary,
    health: endpoint,
    flags: ['grpc-proxy', 'start', '--endpoints', target, '--listen-addr', address, '--data-dir', join(folder, 'data')],
  })
  const restart = async (): Promise<void> => {
    await process.launch()
    await process.untilHealthy()
  }
  await restart()
  return {
    endpoint,
    port,
    kill: process.kill,
    restart,
    stop: async () => {
      await process.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
