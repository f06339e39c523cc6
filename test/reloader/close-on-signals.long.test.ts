import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeOnSignals, createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { useBundle } from '../support/bundled-program.ts'
import type { SignalSettings } from './signal-child.ts'

const program = useBundle(new URL('./signal-child.ts', import.meta.url))
// Each test starts processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 240_000 })
const limits = { timeout: 120_000, interval: 20 }

const startChild = async (settings: SignalSettings, until = 'started') => {
  const child = spawn(process.execPath, [program(), JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const lines = (): string[] => output.stdout.split('\n').filter((line) => line !== '')
  /** Waits for a line that begins so. */
  const said = (line: string): Promise<unknown> =>
    vi.waitFor(() => {
      if (!lines().some((each) => each.startsWith(line))) throw new Error(`No ${line} in ${JSON.stringify(output)}`)
    }, limits)
  await said(until)
  const port = Number(/starting (\d+)/.exec(output.stdout)?.[1])
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    exited,
    lines,
    said,
    port,
    stderr: () => output.stderr,
  }
}

/** Asks over a connection that stays open for other requests. */
const ask = async (port: number, path: string, agent: Agent): Promise<string> => {
  const [response] = await once(get({ host: '127.0.0.1', port, path, agent }), 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

const keptAlive = (): Agent => {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  return agent
}

describe('closeOnSignals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'closes the server first and then the reloader on %s, and ends the process with exit code 0',
    async (signal) => {
      const child = await startChild({})
      child.kill(signal)
      expect(await child.exited).toEqual([0, null])
      const after = child.lines().slice(child.lines().indexOf('started') + 1)
      expect(after.filter((line) => line !== 'SIGTERM')).toEqual(['server closed', 'r0 closing', 'r0 closed', 'after'])
      expect(child.stderr()).toBe('')
    },
  )

  it('answers the requests under way while the config still serves, and closes kept-alive connections', async () => {
    const child = await startChild({})
    const agent = keptAlive()
    expect(await ask(child.port, '/', agent)).toBe('1')
    const slow = ask(child.port, '/slow', agent)
    await child.said('slow')
    child.kill('SIGTERM')
    await child.said('SIGTERM')
    await expect(ask(child.port, '/', keptAlive())).rejects.toThrow() // no new connection is accepted
    expect(await slow).toBe('slow 1')
    expect(await child.exited).toEqual([0, null])
    expect(child.lines().indexOf('server closed')).toBeLessThan(child.lines().indexOf('r0 closing'))
  })

  it('cuts the requests that do not end in half of the time, and closes the reloader all the same', async () => {
    const child = await startChild({ timeoutMs: 3_000 })
    const slow = ask(child.port, '/slow', keptAlive())
    await child.said('slow')
    child.kill('SIGINT') // which answers no waiting request here
    await expect(slow).rejects.toThrow('socket hang up')
    expect(await child.exited).toEqual([0, null])
    expect(child.lines()).toContain('r0 closed')
  })

  it('ends the process at once on a second signal', async () => {
    const child = await startChild({ isHung: true })
    child.kill('SIGTERM')
    await child.said('r0 closing')
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.kill('SIGINT')
    expect(await child.exited).toEqual([null, 'SIGINT'])
  })

  it('takes a signal that comes twice at the same time for one, as Ctrl-C does under npm', async () => {
    const child = await startChild({ sendsTwo: true })
    expect(await child.exited).toEqual([0, null])
    expect(child.lines()).toContain('r0 closed')
  })

  it('ends the process within timeoutMs although a module hangs, which is reported', async () => {
    const child = await startChild({ isHung: true, timeoutMs: 2_000 })
    child.kill('SIGTERM')
    expect(await child.exited).toEqual([0, null])
    expect(child.lines()).toEqual(expect.arrayContaining(['r0 module.close-timeout', 'after']))
  })

  it('ends the process with exit code 1 when the time is over', async () => {
    const child = await startChild({ isAfterHung: true, timeoutMs: 1_000 })
    child.kill('SIGTERM')
    expect(await child.exited).toEqual([1, null])
  })

  it.each([
    { what: 'that waits for a source', settings: { isSilent: true } },
    { what: 'that has not begun', settings: {} },
    { what: 'that begins after the close', settings: { isLate: true } },
  ])('ends a start $what without an error', async ({ settings }) => {
    const child = await startChild(settings, 'starting ')
    if (Object.keys(settings).length > 0) await new Promise((resolve) => setTimeout(resolve, 500))
    child.kill('SIGTERM')
    expect([await child.exited, child.stderr()]).toEqual([[0, null], ''])
    expect(child.lines()).not.toContain('started')
  })

  it('reads the config again on SIGHUP', async () => {
    const child = await startChild({})
    await ask(child.port, '/put', keptAlive())
    child.kill('SIGHUP')
    await child.said('r0 prepared 2')
    child.kill('SIGTERM')
    expect(await child.exited).toEqual([0, null])
  })

  it.each([
    { what: 'before the start', settings: {}, until: 'starting ', code: 'reloader.not-started' },
    { what: 'while changes are frozen', settings: { isFrozen: true }, until: 'started', code: 'reloader.frozen' },
  ])('logs why a SIGHUP is refused $what, and goes on', async ({ settings, until, code }) => {
    const child = await startChild(settings, until)
    child.kill('SIGHUP')
    await child.said(`r0 ${code}`)
    await child.said('started')
    child.kill('SIGTERM')
    expect([await child.exited, child.stderr()]).toEqual([[0, null], ''])
  })

  it('ignores a SIGHUP while it closes', async () => {
    const child = await startChild({ isHung: true, timeoutMs: 2_000 })
    child.kill('SIGTERM')
    await child.said('r0 closing')
    child.kill('SIGHUP')
    expect([await child.exited, child.stderr()]).toEqual([[0, null], ''])
  })

  it.each([
    { signal: 'SIGINT', end: [0, null] },
    { signal: 'SIGTERM', end: [0, null] },
    // nodemon starts a process again only if its own signal has ended it.
    { signal: 'SIGUSR2', end: [null, 'SIGUSR2'] },
  ] as const)('makes $signal during the soak no death: the next start blames no config', async ({ signal, end }) => {
    const folder = await mkdtemp(join(tmpdir(), 'changeover-signals-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const settings = { lastKnownGood: join(folder, 'good'), soakMs: 60_000 }
    for (let run = 0; run < 2; run++) {
      const child = await startChild(settings)
      child.kill(signal)
      expect(await child.exited).toEqual(end)
      expect(child.lines().filter((line) => /attempt|quarantine|r0 closed/.test(line))).toEqual(['r0 closed'])
    }
  })

  it('leaves SIGUSR2 alone if the service listens to it', async () => {
    const child = await startChild({ hasOwnListener: true })
    child.kill('SIGUSR2')
    await child.said('own listener')
    expect(await ask(child.port, '/', keptAlive())).toBe('1')
    child.kill('SIGTERM')
    expect(await child.exited).toEqual([0, null])
  })

  it('ends the process only when all reloaders have closed', async () => {
    const child = await startChild({ reloaders: 3 })
    child.kill('SIGTERM')
    expect(await child.exited).toEqual([0, null])
    expect(child.lines()).toEqual(expect.arrayContaining(['r0 closed', 'r1 closed', 'r2 closed', 'after']))
  })

  it('does nothing more once its handlers are removed', async () => {
    const child = await startChild({ isRemoved: true })
    child.kill('SIGINT')
    expect(await child.exited).toEqual([null, 'SIGINT'])
    expect(child.lines()).not.toContain('r0 closing')
  })

  it('removes its listeners by the function that it returns, which may stand in a using declaration', () => {
    const reloader = createReloader({ source: memorySource({}), schema: z.object({}) })
    const counts = () => ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'].map((name) => process.listenerCount(name))
    const before = counts()
    const first = closeOnSignals(reloader)
    const second = closeOnSignals(reloader)
    expect(counts()).not.toEqual(before)
    first()
    second[Symbol.dispose]()
    expect(counts()).toEqual(before)
  })

  it.each([{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { server: {} as never }, { onClosed: 1 as never }])(
    'refuses options that are not valid, and listens to nothing: %o',
    (options) => {
      const reloader = createReloader({ source: memorySource({}), schema: z.object({}) })
      const before = process.listenerCount('SIGTERM')
      expect(() => closeOnSignals(reloader, options)).toThrow('reloader.invalid-option')
      expect(process.listenerCount('SIGTERM')).toBe(before)
    },
  )
})
