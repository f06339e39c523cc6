import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useBundle } from '../../support/bundled-program.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { disconnect, newKey, useProxy } from './running-service.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const program = useBundle(new URL('./close-child.ts', import.meta.url))

/** Runs a service that closes its reloader when its input says so, and then has nothing left to do. */
const run = (host: string, key: string) => {
  const args = [program(), 'reloader', host, key]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  return {
    child,
    says: (text: string) => expect.poll(() => output, { timeout: 20_000 }).toContain(text),
    ends: async () => {
      child.stdin.write('close\n')
      await once(child, 'exit')
      return { code: child.exitCode, output: output.trim().split('\n').toSorted() }
    },
  }
}

describe('The process of a closed service', () => {
  it.for(['a watch', 'an outage', 'a black hole'] as const)('ends by itself during %s', async (fault, test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = run(`http://127.0.0.1:${proxy.port}`, key)
    try {
      await service.says('started')
      if (fault === 'an outage') await disconnect(proxy)
      if (fault === 'a black hole') proxy.blackHole()
      expect(await service.ends()).toEqual({ code: 0, output: ['begun', 'closed', 'started'] })
    } finally {
      service.child.kill('SIGKILL')
    }
  })

  it.for(['an outage', 'a black hole'] as const)(
    'ends by itself if %s has prevented the start',
    async (fault, test) => {
      const proxy = await useProxy(test, server.port)
      if (fault === 'an outage') await disconnect(proxy)
      else proxy.blackHole()
      const service = run(`http://127.0.0.1:${proxy.port}`, 'k')
      try {
        await service.says('begun')
        if (fault === 'a black hole') await expect.poll(() => proxy.accepted(), { timeout: 20_000 }).toBeGreaterThan(0)
        expect(await service.ends()).toEqual({ code: 0, output: ['begun', 'closed', 'reloader.closed'] })
      } finally {
        service.child.kill('SIGKILL')
      }
    },
  )
})
